"""Columns of the kinds of ``batch/v1``."""
