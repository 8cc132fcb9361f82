"""The built-in kinds as attrs classes, one folder per API group. Knows nothing of JSON algorithms, stores or servers."""
