"""Checks and defaults of the kinds of ``scheduling/v1``."""
