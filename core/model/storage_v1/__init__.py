"""``storage.k8s.io/v1``: sorts of storage, and the drivers that make it."""
