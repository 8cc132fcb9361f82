"""The StatefulSet controller: pods with names, order and claims of their own. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
"""
