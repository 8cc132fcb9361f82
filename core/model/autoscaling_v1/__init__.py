"""``autoscaling/v1``."""
