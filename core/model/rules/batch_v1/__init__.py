"""Checks and defaults of the kinds of ``batch/v1``."""
