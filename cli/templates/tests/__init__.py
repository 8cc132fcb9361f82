"""The templates' tests, by sort. Their imports are found where they are written to, so nothing here is imported."""
