"""Pods that only seem to run: they do what their annotations say. See `sampan.runtimes.simulated.script` for the words."""
