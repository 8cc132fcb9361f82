"""Which pods go first when there are too many. Pure; called by `replicas`.

Kubernetes' order (``ActivePodsWithRanks``): unassigned before assigned, pending before running, not ready before ready,
lower ``controller.kubernetes.io/pod-deletion-cost``, crowded nodes first, then the younger, the more often restarted.
Ages count by powers of two, so that equally young pods go in random (uid) order.
https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cmp_to_key
from typing import Any

from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.pods import condition, is_active, is_ready

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def first_to_go(pods: Sequence[Pod], count: int, related: Iterable[Pod], now: datetime) -> Sequence[Pod]:
    """``count`` of ``pods``. ``related`` are the pods of the same application, which should stay spread over nodes."""
    if count >= len(pods):
        return pods
    crowd = Counter(pod.spec.node_name for pod in related if is_active(pod))

    def compare(left: Pod, right: Pod) -> int:
        a, b = _urgency(left, crowd), _urgency(right, crowd)
        return (a > b) - (a < b) or _compare_ages(left, right, now)

    return sorted(pods, key=cmp_to_key(compare))[:count]


def _urgency(pod: Pod, crowd: Counter[str | None]) -> tuple[Any, ...]:
    return (
        bool(pod.spec.node_name),
        _PHASES.get(pod.status.phase or "Pending", 0),
        is_ready(pod),
        deletion_cost(pod),
        -crowd[pod.spec.node_name],
    )


def deletion_cost(pod: Pod) -> int:
    """0 where it is missing or no number (the API server refuses such a value)."""
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def _compare_ages(left: Pod, right: Pod, now: datetime) -> int:
    if is_ready(left) and (order := _compare_times(left, right, _ready_since(left), _ready_since(right), now)):
        return order
    if order := _restarts(right) - _restarts(left):
        return order
    created = left.metadata.creation_timestamp, right.metadata.creation_timestamp
    return _compare_times(left, right, *created, now)


def _compare_times(left: Pod, right: Pod, a: datetime | None, b: datetime | None, now: datetime) -> int:
    """The younger first, by powers of two; an unknown time is the youngest."""
    if a == b:
        return 0
    if a is None or b is None:
        return -1 if a is None else 1
    uids = (left.metadata.uid or "") < (right.metadata.uid or "")
    return _age_class(a, now) - _age_class(b, now) or (-1 if uids else 1)


def _age_class(since: datetime, now: datetime) -> int:
    nanoseconds = (now - since).total_seconds() * 1e9
    return int(math.log2(nanoseconds)) if nanoseconds > 0 else -1


def _ready_since(pod: Pod) -> datetime | None:
    ready = condition(pod, "Ready")
    return ready.last_transition_time if ready is not None else None


def _restarts(pod: Pod) -> int:
    return max((status.restart_count for status in pod.status.container_statuses), default=0)
