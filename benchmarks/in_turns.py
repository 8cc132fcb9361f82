"""Two things measured in turns, so that whatever else the machine does meets both alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable


def in_turns(rounds: int, first: Callable[[], float], second: Callable[[], float]) -> tuple[float, float, float]:
    """The median of each, and the median of second / first within a round. One round before is not counted."""
    first(), second()
    pairs = [(first(), second()) for _ in range(rounds)]
    ones, others = zip(*pairs, strict=True)
    return statistics.median(ones), statistics.median(others), statistics.median(b / a for a, b in pairs)
