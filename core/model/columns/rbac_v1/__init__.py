"""Columns of the kinds of ``rbac/v1``."""
