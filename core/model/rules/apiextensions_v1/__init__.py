"""Checks and defaults of the kinds of ``apiextensions/v1``."""
