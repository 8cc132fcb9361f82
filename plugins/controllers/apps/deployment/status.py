"""A Deployment's status: counts, and the conditions Available, Progressing and ReplicaFailure. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sampan.core.model.apps_v1.deployment import Deployment, DeploymentCondition, DeploymentStatus
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.conditions import find
from sampan.core.model.meta import evolve
from sampan.plugins.controllers.apps.deployment.sizes import available, max_unavailable, total, wanted

Truth = Literal["True", "False", "Unknown"]

NO_DEADLINE = 2**31 - 1


def condition(status: DeploymentStatus, type: str) -> DeploymentCondition | None:
    return find(status.conditions, type)


def make_condition(type: str, status: Truth, reason: str, message: str, now: datetime) -> DeploymentCondition:
    now = now.replace(microsecond=0)
    return DeploymentCondition(
        type=type, status=status, last_update_time=now, last_transition_time=now, reason=reason, message=message
    )


def without_condition(status: DeploymentStatus, type: str) -> DeploymentStatus:
    return evolve(status, conditions=tuple(item for item in status.conditions if item.type != type))


def with_condition(status: DeploymentStatus, new: DeploymentCondition) -> DeploymentStatus:
    """Put a condition at the end, unless it says what is said already; a transition is a change of its status."""
    present = condition(status, new.type)
    if present is not None:
        if (present.status, present.reason) == (new.status, new.reason):
            return status
        if present.status == new.status:
            new = evolve(new, last_transition_time=present.last_transition_time)
    return evolve(status, conditions=(*without_condition(status, new.type).conditions, new))


def has_deadline(deployment: Deployment) -> bool:
    return deployment.spec.progress_deadline_seconds not in (None, NO_DEADLINE)


def is_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    """Whether all pods are new and available, and no old one is left."""
    count = wanted(deployment)
    return (
        status.updated_replicas == count
        and status.replicas == count
        and status.available_replicas == count
        and status.observed_generation >= (deployment.metadata.generation or 0)
    )


def counts(
    deployment: Deployment, sets: Sequence[ReplicaSet], new: ReplicaSet | None, now: datetime
) -> DeploymentStatus:
    """The status as the ReplicaSets have it, with the condition Available."""
    ready_to_serve = available(sets)
    status = DeploymentStatus(
        observed_generation=deployment.metadata.generation or 0,
        replicas=sum(item.status.replicas for item in sets),
        updated_replicas=new.status.replicas if new is not None else 0,
        ready_replicas=sum(item.status.ready_replicas for item in sets),
        available_replicas=ready_to_serve,
        unavailable_replicas=max(total(sets) - ready_to_serve, 0),
        terminating_replicas=_terminating(sets),
        conditions=deployment.status.conditions,
        collision_count=deployment.status.collision_count,
    )
    if ready_to_serve >= wanted(deployment) - max_unavailable(deployment):
        said = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        said = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return with_condition(status, make_condition("Available", *said, now))  # type: ignore[arg-type]


def _terminating(sets: Sequence[ReplicaSet]) -> int | None:
    """Unknown as long as one ReplicaSet has not said it."""
    numbers = [item.status.terminating_replicas for item in sets]
    return None if None in numbers else sum(number or 0 for number in numbers)


def rollout_status(
    deployment: Deployment, sets: Sequence[ReplicaSet], new: ReplicaSet | None, now: datetime
) -> DeploymentStatus:
    """`counts`, and how the roll-out gets on: the conditions Progressing and ReplicaFailure."""
    status = counts(deployment, sets, new, now)
    if not has_deadline(deployment):
        status = without_condition(status, "Progressing")
    elif not _was_complete(deployment, status):
        status = _with_progress(deployment, status, new, now)
    failure = _replica_failure(sets, new)
    return without_condition(status, "ReplicaFailure") if failure is None else with_condition(status, failure)


def _was_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    """A roll-out that has succeeded stays so, even if pods fail later or the Deployment is scaled."""
    progressing = condition(deployment.status, "Progressing")
    return (
        status.replicas == status.updated_replicas
        and progressing is not None
        and progressing.reason == "NewReplicaSetAvailable"
    )


def _with_progress(
    deployment: Deployment, status: DeploymentStatus, new: ReplicaSet | None, now: datetime
) -> DeploymentStatus:
    what = f'ReplicaSet "{new.metadata.name}"' if new is not None else f'Deployment "{deployment.metadata.name}"'
    if is_complete(deployment, status):
        message = f"{what} has successfully progressed."
        return with_condition(status, make_condition("Progressing", "True", "NewReplicaSetAvailable", message, now))
    if _goes_on(deployment.status, status):
        said = make_condition("Progressing", "True", "ReplicaSetUpdated", f"{what} is progressing.", now)
        before = condition(deployment.status, "Progressing")
        if before is not None and before.status == "True":
            said = evolve(said, last_transition_time=before.last_transition_time)
        return with_condition(without_condition(status, "Progressing"), said)
    if _timed_out(deployment, status, now):
        message = f"{what} has timed out progressing."
        return with_condition(status, make_condition("Progressing", "False", "ProgressDeadlineExceeded", message, now))
    return status


def _goes_on(old: DeploymentStatus, new: DeploymentStatus) -> bool:
    return (
        new.updated_replicas > old.updated_replicas
        or new.replicas - new.updated_replicas < old.replicas - old.updated_replicas
        or new.ready_replicas > old.ready_replicas
        or new.available_replicas > old.available_replicas
    )


def _timed_out(deployment: Deployment, status: DeploymentStatus, now: datetime) -> bool:
    progressing = condition(status, "Progressing")
    if progressing is None or progressing.reason == "NewReplicaSetAvailable":
        return False
    if progressing.reason == "ProgressDeadlineExceeded":
        return True
    return _deadline(deployment, progressing, now) < now


def _deadline(deployment: Deployment, progressing: DeploymentCondition, now: datetime) -> datetime:
    return (progressing.last_update_time or now) + timedelta(seconds=deployment.spec.progress_deadline_seconds or 0)


def seconds_to_deadline(deployment: Deployment, status: DeploymentStatus, now: datetime) -> float | None:
    """When to look whether the roll-out is stuck; ``None`` where that cannot happen."""
    progressing = condition(status, "Progressing")
    if deployment.spec.paused or not has_deadline(deployment) or progressing is None:
        return None
    if is_complete(deployment, status) or progressing.reason == "ProgressDeadlineExceeded":
        return None
    return max((_deadline(deployment, progressing, now) - now).total_seconds(), 0.0) + 1.0


def _replica_failure(sets: Sequence[ReplicaSet], new: ReplicaSet | None) -> DeploymentCondition | None:
    """What a ReplicaSet says of its failures: the new one's word comes first."""
    for replica_set in ([new] if new is not None else []) + list(sets):
        for item in replica_set.status.conditions:
            if item.type == "ReplicaFailure":
                return DeploymentCondition(
                    type="ReplicaFailure",
                    status=item.status,
                    last_update_time=item.last_transition_time,
                    last_transition_time=item.last_transition_time,
                    reason=item.reason,
                    message=item.message,
                )
    return None


def with_pause(deployment: Deployment, now: datetime) -> DeploymentStatus:
    """Say that a roll-out was paused or goes on: time that passes in a pause is not held against it."""
    status = deployment.status
    progressing = condition(status, "Progressing")
    reason = progressing.reason if progressing is not None else None
    if not has_deadline(deployment) or reason == "ProgressDeadlineExceeded":
        return status
    if deployment.spec.paused and reason != "DeploymentPaused":
        said = make_condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now)
    elif not deployment.spec.paused and reason == "DeploymentPaused":
        said = make_condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now)
    else:
        return status
    return with_condition(status, said)
