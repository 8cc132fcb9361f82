"""Pods on Podman: its native pods are the sandboxes."""
