"""Checks and defaults of the kinds of ``core/v1``."""
