"""``autoscaling/v2``."""
