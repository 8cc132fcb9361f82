"""Checks and defaults of the kinds of ``discovery/v1``."""
