"""Whether the process runtime can work here: asked by the registry, often, so it only looks."""

from __future__ import annotations

import sys


def unavailable() -> str | None:
    """Linux is all that it needs; how much isolation there is, is found out at start."""
    return None if sys.platform == "linux" else "it needs Linux"
