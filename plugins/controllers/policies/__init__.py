"""Controllers of admission policies."""
