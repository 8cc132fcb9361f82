"""Checks and defaults of the kinds of ``policy/v1``."""
