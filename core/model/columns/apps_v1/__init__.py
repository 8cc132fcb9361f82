"""Columns of the kinds of ``apps/v1``."""
