"""What controllers and the scheduler want to know about a pod. Pure.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sampan.core.model.conditions import find, holds
from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.core_v1.pod import Pod, PodCondition


def condition(pod: Pod, type: str) -> PodCondition | None:
    return find(pod.status.conditions, type)


def is_ready(pod: Pod) -> bool:
    return holds(pod.status.conditions, "Ready")


def is_finished(pod: Pod) -> bool:
    """Whether all its containers have ended for good."""
    return pod.status.phase in FINISHED


def is_terminating(pod: Pod) -> bool:
    """Whether it is being deleted and its containers may still run."""
    return pod.metadata.deletion_timestamp is not None and not is_finished(pod)


def is_active(pod: Pod) -> bool:
    """Whether it counts as one of its controller's pods."""
    return pod.metadata.deletion_timestamp is None and not is_finished(pod)


def seconds_to_available(pod: Pod, min_ready_seconds: int, now: datetime) -> float | None:
    """0 for a pod that has been ready for long enough; ``None`` while it is not ready at all."""
    ready = condition(pod, "Ready")
    if ready is None or ready.status != "True":
        return None
    if min_ready_seconds == 0:
        return 0.0
    if ready.last_transition_time is None:
        return None
    since = ready.last_transition_time + timedelta(seconds=min_ready_seconds)
    return max((since - now).total_seconds(), 0.0)


def is_available(pod: Pod, min_ready_seconds: int, now: datetime) -> bool:
    return seconds_to_available(pod, min_ready_seconds, now) == 0.0
