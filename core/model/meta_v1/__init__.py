"""``meta.k8s.io/v1``: what all kinds share."""
