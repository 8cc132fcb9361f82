"""Checks and defaults of the kinds of ``coordination/v1``."""
