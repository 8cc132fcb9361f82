"""Pods on Docker: a sandbox container that owns the namespaces, and containers that join it."""
