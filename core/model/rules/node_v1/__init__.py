"""Checks and defaults of the kinds of ``node/v1``."""
