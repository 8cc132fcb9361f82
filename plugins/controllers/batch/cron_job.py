"""The CronJob controller: which Job to start now, which to keep, and when to look again. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from sampan.core.classes import frozen
from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Create, Delete, Emit, Plan, Update
from sampan.core.model.batch_v1.cron_job import CronJob, CronJobStatus
from sampan.core.model.batch_v1.job import Job
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.cron_schedule import Every, Schedule, parse_schedule
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.plugins.controllers.batch.cron_times import latest, next_after, times_between
from sampan.plugins.controllers.ownership import controller_of, controller_reference, refers_to

SCHEDULED: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
MANY: Final = 100
"""Missed times that are worth an event."""
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


class CronJobController:
    name = "cronjob-controller"

    def __init__(self) -> None:
        self.watches: Sequence[Watch] = (Watch(kind=CronJob, keys=own_key), Watch(kind=Job, keys=_keys_of_job))

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        owner = state.get(CronJob, key.namespace, key.name)
        if owner is None or owner.metadata.deletion_timestamp is not None:
            return NOTHING
        jobs = [
            job
            for job in state.owned_by(Job, owner.metadata.uid or "")
            if (reference := controller_of(job)) and reference.uid == owner.metadata.uid
        ]
        return decide(owner, jobs, now)


@frozen(kw_only=True)
class Start:
    """What the schedule says: the Job to start, what to say, and when to look again."""

    due: datetime | None = None
    events: tuple[Emit, ...] = ()
    replaced: tuple[Job, ...] = ()
    again: float | None = None


def decide(owner: CronJob, jobs: Sequence[Job], now: datetime) -> Plan:
    running = [job for job in jobs if not _end(job)]
    status, said = _status(owner, jobs, running)
    start = _start(owner, running, now)
    if start.due is not None:
        status = evolve(status, last_schedule_time=start.due)
    actions: list[Action] = [*said, *start.events, *_deletions(owner, start.replaced)]
    if start.due is not None:
        event = Emit(regarding=owner, reason="SuccessfulCreate", message="Created job {name}")
        actions.append(Create(obj=job_of(owner, start.due), ignore_exists=True, then=event))
    if status != owner.status:
        actions.append(Update(obj=evolve(owner, status=status), subresource="status"))
    actions += _deletions(owner, past(owner, jobs))
    return Plan(
        actions=tuple(actions),
        requeue_after=start.again,
        on_error=Emit(regarding=owner, reason="FailedCreate", message="Error creating job: {error}", type="Warning"),
    )


def _start(owner: CronJob, running: Sequence[Job], now: datetime) -> Start:
    if owner.spec.suspend:
        return Start()
    try:
        schedule, zone = parse_schedule(owner.spec.schedule), ZoneInfo(owner.spec.time_zone or "UTC")
    except (ValueError, LookupError, OSError) as error:
        said = f"unparseable schedule: {owner.spec.schedule} : {error}"
        return Start(events=(_warning(owner, "UnparseableSchedule", said),))
    upcoming = next_after(schedule, now, zone)
    again = None if upcoming is None else (upcoming - now).total_seconds() + 0.1
    since = _since(owner, now)
    due = latest(schedule, since, now, zone)
    if due is None:
        return Start(again=again)
    events = _missed(owner, schedule, since, now, zone)
    deadline = owner.spec.starting_deadline_seconds
    if deadline is not None and due + timedelta(seconds=deadline) < now:
        said = f"Missed scheduled time to start a job: {due:%a, %d %b %Y %H:%M:%S %z}"
        return Start(events=(*events, _warning(owner, "MissSchedule", said)), again=again)
    if running and owner.spec.concurrency_policy == "Forbid":
        said = "Not starting job because prior execution is running and concurrency policy is Forbid"
        busy = Emit(regarding=owner, reason="JobAlreadyActive", message=said)
        return Start(events=(*events, busy), again=again)
    replaced = tuple(running) if owner.spec.concurrency_policy == "Replace" else ()
    return Start(due=due, events=events, replaced=replaced, again=again)


def _since(owner: CronJob, now: datetime) -> datetime:
    """After which time a start counts as due: the last one, or the beginning, but not before the deadline."""
    since = owner.status.last_schedule_time or owner.metadata.creation_timestamp or now
    if owner.spec.starting_deadline_seconds is not None:
        since = max(since, now - timedelta(seconds=owner.spec.starting_deadline_seconds))
    return since


def _missed(
    owner: CronJob, schedule: Schedule | Every, since: datetime, now: datetime, zone: tzinfo
) -> tuple[Emit, ...]:
    missed = sum(1 for _ in islice(times_between(schedule, since, now, zone), MANY + 1))
    if missed <= MANY:
        return ()
    said = "Set or decrease .spec.startingDeadlineSeconds or check clock skew"
    return (_warning(owner, "TooManyMissedTimes", f"too many missed start times. {said}"),)


def _status(owner: CronJob, jobs: Sequence[Job], running: Sequence[Job]) -> tuple[CronJobStatus, list[Emit]]:
    """Who runs, and when one last succeeded; what has ended since is said."""
    known = {reference.uid: reference for reference in owner.status.active}
    there = {job.metadata.uid: job for job in jobs}
    said: list[Emit] = []
    succeeded = owner.status.last_successful_time
    for uid, reference in known.items():
        job = there.get(uid)
        end = _end(job) if job is not None else ""
        if job is None:
            gone = f"Active job went missing: {reference.name}"
            said.append(Emit(regarding=owner, reason="MissingJob", message=gone))
        elif end:
            seen = f"Saw completed job: {reference.name}, condition: {end}"
            said.append(Emit(regarding=owner, reason="SawCompletedJob", message=seen))
    for job in jobs:
        ended = job.status.completion_time
        if _end(job) == "Complete" and ended is not None:
            succeeded = ended if succeeded is None else max(succeeded, ended)
    active = tuple(known.get(job.metadata.uid) or _reference(job) for job in sorted(running, key=_begin))
    return evolve(owner.status, active=active, last_successful_time=succeeded), said


def past(owner: CronJob, jobs: Sequence[Job]) -> list[Job]:
    """Ended Jobs beyond what the history keeps, the oldest first."""
    gone: list[Job] = []
    for end, limit in (
        ("Complete", owner.spec.successful_jobs_history_limit),
        ("Failed", owner.spec.failed_jobs_history_limit),
    ):
        ended = sorted((job for job in jobs if _end(job) == end), key=_begin)
        if limit is not None and len(ended) > limit:
            gone += ended[: len(ended) - limit]
    return gone


def job_of(owner: CronJob, due: datetime) -> Job:
    """The Job of one time of the schedule: its name tells which, so that it is made once."""
    template = owner.spec.job_template
    zone = ZoneInfo(owner.spec.time_zone or "UTC")
    stamp = due.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")
    metadata = ObjectMeta(
        name=f"{owner.metadata.name}-{int(due.timestamp()) // 60}",
        namespace=owner.metadata.namespace,
        labels=template.metadata.labels,
        annotations={**template.metadata.annotations, SCHEDULED: stamp},
        owner_references=(controller_reference(owner),),
    )
    return Job(metadata=metadata, spec=template.spec)


def _deletions(owner: CronJob, jobs: Iterable[Job]) -> list[Action]:
    said = Emit(regarding=owner, reason="SuccessfulDelete", message="Deleted job {name}")
    return [
        Delete(
            kind=Job,
            namespace=job.key[0],
            name=job.key[1],
            uid=job.metadata.uid,
            propagation="Background",
            then=said,
        )
        for job in jobs
    ]


def _end(job: Job) -> str:
    """``Complete`` or ``Failed``; empty while it runs."""
    ends = (
        each.type for each in job.status.conditions if each.status == "True" and each.type in ("Complete", "Failed")
    )
    return next(ends, "")


def _begin(job: Job) -> tuple[datetime, str]:
    began = job.status.start_time or job.metadata.creation_timestamp or _BEGINNING
    return began, job.metadata.name or ""


def _reference(job: Job) -> ObjectReference:
    meta = job.metadata
    return ObjectReference(
        kind="Job",
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        api_version="batch/v1",
        resource_version=meta.resource_version,
    )


def _warning(owner: CronJob, reason: str, message: str) -> Emit:
    return Emit(regarding=owner, reason=reason, message=message, type="Warning")


def _keys_of_job(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    reference = controller_of(obj)
    if reference is not None and refers_to(reference, CronJob):
        yield Key(obj.metadata.namespace or "", reference.name)
