"""Whether simulated pods can be had here: always."""

from __future__ import annotations


def unavailable() -> str | None:
    return None
