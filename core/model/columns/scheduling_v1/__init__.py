"""Columns of the kinds of ``scheduling/v1``."""
