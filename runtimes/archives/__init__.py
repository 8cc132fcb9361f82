"""Image archives, read without an engine: their names, parts and layers."""
