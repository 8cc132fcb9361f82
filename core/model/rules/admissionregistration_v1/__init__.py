"""Checks and defaults of the kinds of ``admissionregistration.k8s.io/v1``."""
