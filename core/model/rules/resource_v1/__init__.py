"""Checks and defaults of the kinds of ``resource/v1``: devices, and claims to them."""
