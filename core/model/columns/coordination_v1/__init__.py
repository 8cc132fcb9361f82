"""Columns of the kinds of ``coordination/v1``."""
