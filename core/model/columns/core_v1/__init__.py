"""Columns of the kinds of ``core/v1``."""
