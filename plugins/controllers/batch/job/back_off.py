"""How long a Job waits before it replaces failed pods: 10 s, twice as long with each failure, at most 10 minutes. Pure.

Kubernetes' controller remembers the failures; here they are read off the failed pods, which stay until the Job goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sampan.core.model.batch_v1.job import Job
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.pods import condition
from sampan.plugins.controllers.batch.job.count import has_failed

FIRST: Final = 10.0
LONGEST: Final = 600.0
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


def seconds_to_wait(job: Job, pods: Sequence[Pod], now: datetime) -> float:
    """Until the next pod may be made; 0 where nothing has failed since the last success."""
    last_success = max((ended_at(pod) for pod in pods if pod.status.phase == "Succeeded"), default=_BEGINNING)
    failures = [ended for pod in pods if has_failed(job, pod) and (ended := ended_at(pod)) > last_success]
    if not failures:
        return 0.0
    delay = min(FIRST * 2.0 ** min(len(failures) - 1, 10), LONGEST)
    return max(delay - (now - max(failures)).total_seconds(), 0.0)


def ended_at(pod: Pod) -> datetime:
    """When its last container ended; where nothing tells, when it stopped being ready, was deleted, or was made."""
    ended = [
        status.state.terminated.finished_at
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
        if status.state and status.state.terminated and status.state.terminated.finished_at
    ]
    if ended:
        return max(ended)
    ready = condition(pod, "Ready")
    if ready is not None and ready.status == "False" and ready.last_transition_time:
        return ready.last_transition_time
    return pod.metadata.deletion_timestamp or pod.metadata.creation_timestamp or _BEGINNING
