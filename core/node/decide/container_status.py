"""The status of one container: its state, its last state and what follows from them. Pure; a part of `…node.status`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sampan.core.contracts.runtime import Container
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.container_status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    VolumeMountStatus,
)
from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.meta import evolve
from sampan.core.node.decide.back_off import restarts
from sampan.core.node.decide.resize import applied_resources
from sampan.core.node.decide.restart_all import MESSAGE, REASON, REMOVED, could_restart_all
from sampan.core.node.decide.view import PodView, is_sidecar

Sort = Literal["init", "main", "ephemeral"]

LOST = ContainerStateTerminated(
    exit_code=137,
    reason="ContainerStatusUnknown",
    message="The container could not be located when the pod was deleted.  The container used to be Running",
)


def container_status(view: PodView, spec: ContainerSpec, sort: Sort, initializing: bool) -> ContainerStatus:
    """``initializing``: the pod has init containers, so one that has not been made waits for them."""
    attempts = view.attempts(spec.name)
    if not attempts:
        return _not_there(view, spec, sort, initializing)
    newest = attempts[0]
    state = _state(view, spec, newest)
    last = _terminated(view, attempts[1]) if len(attempts) > 1 else None
    if last is None and sort != "ephemeral" and could_restart_all(view.pod):
        last = _last_told(view, spec, newest)
    memory = view.memory(spec.name)
    problem = memory.waiting
    if problem is None and newest.state != "running":
        problem = memory.problem
    if problem is not None and newest.state == "exited" and _is_to_run_again(view, spec, sort, newest):
        last = _terminated(view, newest)
        state = ContainerState(waiting=ContainerStateWaiting(reason=problem.reason, message=problem.message or None))
    results = view.results(newest)
    runs = state.running is not None
    started = runs and (results.started or (sort == "init" and not is_sidecar(spec)))
    return ContainerStatus(
        name=spec.name,
        state=state,
        last_state=ContainerState(terminated=last),
        ready=_ready(sort, spec, state, started, results.ready),
        restart_count=newest.attempt,
        image=(spec.image or "") if newest.image.startswith("sha256:") else newest.image,
        image_id=newest.image_id,
        container_id=container_id(view, newest),
        started=started if sort != "ephemeral" else None,
        resources=applied_resources(view, spec, newest) if runs and sort != "ephemeral" else None,
        allocated_resources=spec.resources.requests if runs and sort != "ephemeral" else {},
        volume_mounts=_mounts(spec),
    )


def _last_told(view: PodView, spec: ContainerSpec, newest: Container) -> ContainerStateTerminated | None:
    """The end of the attempt before, which has been taken away."""
    old = _told(view, spec.name)
    if old is None:
        return None
    own = container_id(view, newest)
    found = old.state.terminated if old.container_id != own and old.state.terminated else old.last_state.terminated
    return None if found is not None and found.container_id == own else found


def _is_to_run_again(view: PodView, spec: ContainerSpec, sort: Sort, ended: Container) -> bool:
    """One that never will has ended for good, however it came to that: nobody waits for it."""
    policy = view.pod.spec.restart_policy or "Always"
    if sort == "ephemeral":
        return False
    if sort == "init" and not is_sidecar(spec) and policy == "Always":
        policy = "OnFailure"
    return restarts(spec, policy, ended)


def container_id(view: PodView, container: Container) -> str:
    """``docker://4cf…``"""
    return f"{view.runtime}://{container.id}"


def _ready(sort: Sort, spec: ContainerSpec, state: ContainerState, started: bool, probed: bool) -> bool:
    if sort == "init" and not is_sidecar(spec):
        return state.terminated is not None and state.terminated.exit_code == 0
    return sort != "ephemeral" and started and probed


def _state(view: PodView, spec: ContainerSpec, container: Container) -> ContainerState:
    if container.state == "running":
        return ContainerState(running=ContainerStateRunning(started_at=_seconds(container.started_at)))
    if container.state == "created":
        return ContainerState(waiting=ContainerStateWaiting(reason="ContainerCreating"))
    return ContainerState(terminated=_terminated(view, container))


def _terminated(view: PodView, container: Container) -> ContainerStateTerminated:
    code = 137 if container.exit_code is None else container.exit_code
    reason = container.reason or ("Completed" if code == 0 else "Error")
    message = view.attempt(container).message or container.message
    return ContainerStateTerminated(
        exit_code=code,
        reason=reason,
        message=message or None,
        started_at=_seconds(container.started_at),
        finished_at=_seconds(container.finished_at),
        container_id=container_id(view, container),
    )


def _seconds(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(microsecond=0)


def _not_there(view: PodView, spec: ContainerSpec, sort: Sort, initializing: bool) -> ContainerStatus:
    """No attempt exists: it has not been made yet, or the engine has lost it."""
    memory = view.memory(spec.name)
    problem = memory.waiting or memory.problem
    reason = "PodInitializing" if initializing else "ContainerCreating"
    waiting = ContainerStateWaiting(
        reason=problem.reason if problem else reason, message=(problem.message or None) if problem else None
    )
    fresh = ContainerStatus(
        name=spec.name,
        state=ContainerState(waiting=waiting),
        image=spec.image or "",
        started=False if sort != "ephemeral" else None,
        volume_mounts=_mounts(spec),
    )
    old = _told(view, spec.name)
    if old is None:
        return fresh
    if not old.container_id:
        return evolve(fresh, last_state=old.last_state, restart_count=old.restart_count)
    if sort != "ephemeral" and _begins_anew(view) and old.state.waiting is None:
        return evolve(
            fresh,
            state=ContainerState(waiting=ContainerStateWaiting(reason=REASON, message=MESSAGE)),
            last_state=ContainerState(terminated=REMOVED),
            restart_count=old.restart_count + 1,
        )
    if view.pod.status.phase in FINISHED or old.state.terminated is not None:
        # An ended container that has been cleared away stays as it was told.
        return old
    if old.state.running is None:
        return evolve(fresh, last_state=old.last_state, restart_count=old.restart_count)
    if view.pod.metadata.deletion_timestamp is not None:
        return evolve(old, state=ContainerState(terminated=LOST), ready=False, started=False)
    return evolve(fresh, last_state=ContainerState(terminated=LOST), restart_count=old.restart_count + 1)


def _begins_anew(view: PodView) -> bool:
    """What is not there was taken away for it."""
    ended = view.pod.status.phase in FINISHED or view.pod.metadata.deletion_timestamp is not None
    return not ended and could_restart_all(view.pod)


def _told(view: PodView, name: str) -> ContainerStatus | None:
    """What the API was told last."""
    status = view.pod.status
    for each in (*status.init_container_statuses, *status.container_statuses, *status.ephemeral_container_statuses):
        if each.name == name:
            return each
    return None


def _mounts(spec: ContainerSpec) -> tuple[VolumeMountStatus, ...]:
    return tuple(
        VolumeMountStatus(
            name=each.name,
            mount_path=each.mount_path,
            read_only=each.read_only,
            recursive_read_only="Disabled" if each.read_only else None,
        )
        for each in spec.volume_mounts
    )
