"""How many files and connections this process may have open: raised at start, and shared by its parts."""

from __future__ import annotations

import resource
from contextlib import suppress

MOST = 1 << 20
"""More than any part needs; some systems allow so many that programs which visit every number never end."""


def raise_limit() -> int:
    """As far as this user may; how many there may be now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limit()
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return limit()


def limit() -> int:
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST if soft == resource.RLIM_INFINITY else soft


def share(part: float) -> int:
    """A part's share of them (``0.5``: half): what it must stay below, so that nothing else goes without."""
    return max(16, int(limit() * part))
