"""``apiregistration.k8s.io/v1``: groups of the API that another server brings."""
