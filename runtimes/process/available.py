"""Whether the process runtime can work here: asked by the registry, often, so it only looks."""

from __future__ import annotations

import os
import sys


def unavailable() -> str | None:
    """Linux 5.3 is all that it needs; how much isolation there is, is found out at start."""
    if sys.platform != "linux":
        return "it needs Linux"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return f"it needs Linux 5.3 or newer (this is {os.uname().release})"
    return None
