"""Checks and defaults that kinds of several groups share."""
