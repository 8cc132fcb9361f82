"""Controllers of the group ``apps``."""
