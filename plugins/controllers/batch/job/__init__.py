"""The Job controller: which pods there should be, which are counted, when the Job has ended. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""
