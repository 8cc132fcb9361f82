"""``policy/v1``."""
