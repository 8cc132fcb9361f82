"""Columns of the kinds of ``node/v1``."""
