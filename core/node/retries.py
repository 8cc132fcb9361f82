"""How long to wait after failures in a row, and the counting of those that are a whole pod's."""

from __future__ import annotations

from sampan.core.node.record import PodRecord

FIRST_RETRY, LONGEST_RETRY = 0.1, 60.0
CONFIG_RETRY, LONGEST_CONFIG_RETRY = 1.0, 10.0
"""Seconds."""


def growing(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures: twice as long each time."""
    return min(first * 2.0 ** min(failures, 20), longest)


def count_failure(record: PodRecord, what: str, first: float, longest: float) -> float:
    """Count a failure of the pod's ``what``; seconds until it is tried again."""
    failures = record.failures.get(what, 0)
    record.failures[what] = failures + 1
    return growing(failures, first, longest)
