"""Controllers of ``networking.k8s.io``."""
