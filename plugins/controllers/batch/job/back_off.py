"""How long a Job waits before it replaces failed pods: 10 s, twice as long with each failure, at most 10 minutes. Pure.

Kubernetes' controller remembers the failures; here they are read off the failed pods, which stay until the Job goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sampan.core.loops import growing
from sampan.core.model.batch_v1.job import Job
from sampan.core.model.core_v1.pod import Pod
from sampan.plugins.controllers.batch.job.endings import BEGINNING, ended_at, has_failed
from sampan.plugins.controllers.batch.job.index_failures import failures_with

FIRST: Final = 10.0
LONGEST: Final = 600.0


def seconds_for_index(failed: Pod | None, now: datetime) -> float:
    """Until an index whose last pod was ``failed`` may have another one."""
    return 0.0 if failed is None else _left(failures_with(failed), ended_at(failed), now)


def seconds_to_wait(job: Job, pods: Sequence[Pod], now: datetime) -> float:
    """Until the next pod may be made; 0 where nothing has failed since the last success."""
    last_success = max((ended_at(pod) for pod in pods if pod.status.phase == "Succeeded"), default=BEGINNING)
    failures = [ended for pod in pods if has_failed(job, pod) and (ended := ended_at(pod)) > last_success]
    if not failures:
        return 0.0
    return _left(len(failures), max(failures), now)


def _left(failures: int, last: datetime, now: datetime) -> float:
    delay = growing(failures - 1, FIRST, LONGEST)
    return max(delay - (now - last).total_seconds(), 0.0)
