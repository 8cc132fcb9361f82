"""The Job controller's decision: from a Job and its pods to what is to be done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import Action, Emit, Patch, Plan, Update
from sampan.core.model.batch_v1.job import Job, JobCondition, JobStatus
from sampan.core.model.conditions import holds
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.reconcile.labels import matches
from sampan.plugins.controllers.batch.job import indexes
from sampan.plugins.controllers.batch.job.back_off import seconds_to_wait
from sampan.plugins.controllers.batch.job.count import FINALIZER, Count, count, is_indexed, is_tracked
from sampan.plugins.controllers.batch.job.index_failures import has_limits
from sampan.plugins.controllers.batch.job.outcome import Outcome, is_over, outcome, seconds_left
from sampan.plugins.controllers.batch.job.pods import creations, deletions, missing, superfluous
from sampan.plugins.controllers.ownership import (
    ORPHAN_INDEX,
    ORPHANS,
    claim,
    controller_of,
    keys_of_claimants,
    refers_to,
)

NAME_LABEL = "batch.kubernetes.io/job-name"
OURS = (None, "kubernetes.io/job-controller")
"""``managedBy`` of the Jobs that this controller manages."""


class JobController:
    name = "job-controller"

    def __init__(self) -> None:
        self.watches: Sequence[Watch] = (
            Watch(kind=Job, keys=own_key),
            Watch(kind=Pod, keys=_keys_of_pod, indexes=ORPHAN_INDEX),
        )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        job = state.get(Job, key.namespace, key.name)
        if job is None or job.spec.managed_by not in OURS:
            return Plan(actions=tuple(_without_finalizer(pod) for pod in left_behind(key, state)))
        if is_over(job):
            ended = [pod for pod in state.owned_by(Pod, job.metadata.uid or "") if is_tracked(pod)]
            return Plan(actions=tuple(_without_finalizer(pod) for pod in (*ended, *orphans(key, state))))
        claimed = claim(job, Pod, lambda labels: matches(job.spec.selector, labels), state, finalizers=(FINALIZER,))
        plan = decide(job, claimed.objects, now)
        strays = tuple(_without_finalizer(pod) for pod in orphans(key, state) if pod not in claimed.objects)
        return evolve(plan, actions=(*claimed.actions, *strays, *plan.actions))


def decide(job: Job, pods: Sequence[Pod], now: datetime) -> Plan:
    """What becomes of a Job that has not ended."""
    found = count(job, pods)
    reached = outcome(job, found, pods, now)
    suspended = bool(job.spec.suspend) and reached is None
    if reached is not None or suspended:
        changes, waits = deletions(job, found.active), 0.0
    elif job.metadata.deletion_timestamp is not None:
        changes, waits = (), 0.0
    else:
        changes, waits = _changes(job, found, pods, now)
    status, events = _status(job, found, reached, suspended, now)
    writes: tuple[Action, ...] = ()
    if status != job.status:
        writes = (Update(obj=evolve(job, status=status), subresource="status"),)
    # The status first: a pod whose end is not written down keeps its finalizer.
    kept = () if reached is not None else found.replaced.values()
    released = tuple(_without_finalizer(pod) for pod in found.released if pod not in kept)
    deadline = seconds_left(job, now)
    later = [each for each in (waits, deadline) if each is not None and each > 0]
    return Plan(
        actions=(*writes, *events, *released, *changes),
        requeue_after=min(later, default=None),
        on_error=Emit(regarding=job, reason="FailedCreate", message="Error creating: {error}", type="Warning"),
    )


def _changes(job: Job, found: Count, pods: Sequence[Pod], now: datetime) -> tuple[tuple[Action, ...], float]:
    """Pods to make and to delete, and how long to wait before pods are made."""
    gone = superfluous(job, found, now)
    if gone:
        return deletions(job, gone), 0.0
    new, later = missing(job, found, now)
    if has_limits(job):
        return creations(job, new), later
    waits = seconds_to_wait(job, pods, now) if new else 0.0
    return ((), waits) if waits > 0 else (creations(job, new), 0.0)


def _status(
    job: Job, found: Count, reached: Outcome | None, suspended: bool, now: datetime
) -> tuple[JobStatus, tuple[Emit, ...]]:
    """The status as it should be, and what is to be said of its changes."""
    second = now.replace(microsecond=0)
    start = job.status.start_time
    conditions, events = job.status.conditions, list[Emit]()
    was_suspended = holds(conditions, "Suspended")
    if suspended != was_suspended and reached is None:
        word = "Suspended" if suspended else "Resumed"
        conditions = _set(conditions, "Suspended", str(suspended), f"Job{word}", f"Job {word.lower()}", second)
        events.append(Emit(regarding=job, reason=word, message=f"Job {word.lower()}"))
    if suspended:
        start = None
    elif start is None:
        start = second
    completion = job.status.completion_time
    if reached is not None:
        conditions = _set(conditions, reached.target, "True", reached.reason, reached.message, second, keep=True)
        uncounted = found.uncounted.succeeded or found.uncounted.failed or found.released
        if not found.active and not found.terminating and not uncounted:
            conditions = _set(conditions, reached.end, "True", reached.reason, reached.message, second)
            completion = completion if reached.failed else second
            events += _said(job, reached, found.counted_succeeded)
    status = evolve(
        job.status,
        active=0 if suspended or reached is not None else len(found.active),
        ready=0 if suspended or reached is not None else found.ready,
        terminating=found.terminating,
        succeeded=found.counted_succeeded,
        failed=found.counted_failed,
        uncounted_terminated_pods=found.uncounted,
        completed_indexes=indexes.write(found.done) if is_indexed(job) and found.done else None,
        failed_indexes=indexes.write(found.lost) if job.spec.backoff_limit_per_index is not None else None,
        start_time=start,
        completion_time=completion,
        conditions=conditions,
    )
    return status, tuple(events)


def _set(
    conditions: tuple[JobCondition, ...],
    type: str,
    status: str,
    reason: str,
    message: str,
    now: datetime,
    *,
    keep: bool = False,
) -> tuple[JobCondition, ...]:
    """With a condition; ``keep``: as it is, where it is there already."""
    if keep and any(each.type == type for each in conditions):
        return conditions
    made = JobCondition(
        type=type, status=status, reason=reason, message=message, last_probe_time=now, last_transition_time=now
    )
    if any(each.type == type for each in conditions):
        return tuple(made if each.type == type else each for each in conditions)
    return (*conditions, made)


def _said(job: Job, reached: Outcome, succeeded: int) -> Iterable[Emit]:
    if reached.failed:
        yield Emit(regarding=job, reason=reached.reason, message=reached.message, type="Warning")
        return
    if job.spec.completions is not None and succeeded > job.spec.completions:
        said = "Too many succeeded pods running after completion count reached"
        yield Emit(regarding=job, reason="TooManySucceededPods", message=said, type="Warning")
    yield Emit(regarding=job, reason="Completed", message="Job completed")


def left_behind(key: Key, state: Lister) -> Iterable[Pod]:
    """Pods whose Job has gone, or left them: nobody counts them any more."""
    for pod in state.list(Pod, key.namespace):
        if is_tracked(pod) and _name_of_job(pod) == key.name and _has_no_job(pod, state):
            yield pod


def orphans(key: Key, state: Lister) -> Iterable[Pod]:
    """Those of them that nobody owns, as somebody has taken their owner away: found without a look at the others."""
    for pod in state.indexed(Pod, ORPHANS, key.namespace):
        if is_tracked(pod) and _name_of_job(pod) == key.name:
            yield pod


def _name_of_job(pod: Pod) -> str:
    """Of the Job that it had; empty where that label, too, was taken away."""
    return pod.metadata.labels.get(NAME_LABEL, "")


def _has_no_job(pod: Pod, state: Lister) -> bool:
    reference = controller_of(pod)
    if reference is None:
        return True
    job = state.get(Job, pod.key[0], reference.name)
    return refers_to(reference, Job) and (job is None or job.metadata.uid != reference.uid)


def _without_finalizer(pod: Pod) -> Patch:
    patch = {"metadata": {"uid": pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
    return Patch(kind=Pod, namespace=pod.key[0], name=pod.key[1], patch=patch, type="strategic")


def _keys_of_pod(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """The pod's Job; for an orphan the one that it had (of no name, where it does not tell), and who might adopt it."""
    if isinstance(obj, Pod) and controller_of(obj) is None and is_tracked(obj):
        yield Key(obj.metadata.namespace or "", _name_of_job(obj))
    yield from _keys_of_claimants(obj, state)


_keys_of_claimants = keys_of_claimants(Job, lambda job, labels: matches(job.spec.selector, labels))
