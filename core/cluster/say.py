"""Where a cluster tells a person what it does, one line at a time."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]


def silent(_line: str) -> None:
    """Says nothing."""
