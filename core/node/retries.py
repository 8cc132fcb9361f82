"""The counting of failures that are a whole pod's, and how long to wait after them."""

from __future__ import annotations

from sampan.core.loops import growing
from sampan.core.node.record import PodRecord

FIRST_RETRY, LONGEST_RETRY = 0.1, 60.0
CONFIG_RETRY, LONGEST_CONFIG_RETRY = 1.0, 10.0
"""Seconds."""


def count_failure(record: PodRecord, what: str, first: float, longest: float) -> float:
    """Count a failure of the pod's ``what``; seconds until it is tried again."""
    failures = record.failures.get(what, 0)
    record.failures[what] = failures + 1
    return growing(failures, first, longest)
