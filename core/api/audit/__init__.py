"""The audit log: what was asked of the API, by whom, and what came of it, as far as a policy wants to know.

``policy`` decides what is kept of a request, ``trail`` follows one request, ``event`` makes of it what is written,
``auditor`` hands that to the file (``log_file``) and to plugins, in a thread of its own.
https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
"""
