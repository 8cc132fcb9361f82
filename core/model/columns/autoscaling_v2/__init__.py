"""Columns of the kinds of ``autoscaling/v2``."""
