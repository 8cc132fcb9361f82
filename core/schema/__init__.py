"""The schema algorithms: one set, for built-in kinds and custom resources."""
