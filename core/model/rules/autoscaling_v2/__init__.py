"""Checks and defaults of the kinds of ``autoscaling/v2``."""
