"""Checks and defaults of the kinds of ``rbac/v1``."""
