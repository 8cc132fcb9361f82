"""Checks and defaults of the kinds of ``authentication.k8s.io/v1``."""
