"""The store contract and the watch cache in front of it. Knows keys and bytes, and nothing of kinds."""
