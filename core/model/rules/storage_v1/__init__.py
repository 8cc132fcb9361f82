"""Checks and defaults of the kinds of ``storage/v1``."""
