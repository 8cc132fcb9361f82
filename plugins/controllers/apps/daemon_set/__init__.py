"""The DaemonSet controller: a pod on every node that may have one. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
"""
