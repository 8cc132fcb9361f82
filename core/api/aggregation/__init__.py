"""Groups of the API that other servers bring: who they are, whether they answer, and the way to them.

https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
"""
