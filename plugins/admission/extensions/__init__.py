"""Admission that users add while the cluster runs: webhooks and policies."""
