"""Jobs that have ended go after ``ttlSecondsAfterFinished``, with their pods. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Delete, Plan
from sampan.core.model.batch_v1.job import Job


class TtlAfterFinishedController:
    name = "ttl-after-finished-controller"

    def __init__(self) -> None:
        self.watches: Sequence[Watch] = (Watch(kind=Job, keys=own_key),)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        job = state.get(Job, key.namespace, key.name)
        expires = None if job is None or job.metadata.deletion_timestamp is not None else expiry(job)
        if job is None or expires is None:
            return NOTHING
        left = (expires - now).total_seconds()
        if left > 0:
            return Plan(requeue_after=left)
        gone = Delete(
            kind=Job,
            namespace=key.namespace,
            name=key.name,
            uid=job.metadata.uid,
            resource_version=job.metadata.resource_version,
            propagation="Foreground",
        )
        return Plan(actions=(gone,))


def expiry(job: Job) -> datetime | None:
    """When an ended Job may go; ``None`` for one that has not ended, or stays."""
    ttl = job.spec.ttl_seconds_after_finished
    ended = next(
        (each for each in job.status.conditions if each.type in ("Complete", "Failed") and each.status == "True"), None
    )
    if ttl is None or ended is None or ended.last_transition_time is None:
        return None
    return ended.last_transition_time + timedelta(seconds=ttl)
