"""Checks and defaults of the kinds of ``apps/v1``."""
