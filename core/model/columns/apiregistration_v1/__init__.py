"""Columns of the kinds of ``apiregistration.k8s.io/v1``."""
