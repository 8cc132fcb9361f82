"""Columns of the kinds of ``discovery/v1``."""
