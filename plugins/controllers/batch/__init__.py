"""Controllers of the group ``batch``."""
