"""Checks and defaults of the kinds of ``authorization.k8s.io/v1``."""
