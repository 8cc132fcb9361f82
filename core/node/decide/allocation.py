"""What the node has promised to a pod's containers, and what becomes of a wish for other resources. Pure.

A resize of a pod that runs is granted once it fits on the node beside all others; until then the pod goes on, and starts
its containers anew, with what it was given before. https://kubernetes.io/docs/concepts/workloads/pods/pod-resize/
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs
import orjson

from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.container_status import ContainerStatus
from sampan.core.model.core_v1.pod import Pod, PodCondition
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.meta import evolve
from sampan.core.node.decide.actions import Say
from sampan.core.node.decide.memory import Allocation, ResizeState
from sampan.core.node.decide.resize import NOTHING, RESIZABLE, changed_resources, changes
from sampan.core.node.decide.view import PodView, Rejection
from sampan.core.schema.codec import to_wire

PENDING = "PodResizePending"
IN_PROGRESS = "PodResizeInProgress"
DEFERRED = "Deferred"
ERROR = "Error"


def resizable(pod: Pod) -> Iterable[ContainerSpec]:
    return (*pod.spec.init_containers, *pod.spec.containers)


def first_allocation(pod: Pod) -> Allocation:
    """Of a pod that this agent does not know yet: what it asks for, or what an agent before has told that it was given."""
    known = {each.type: each for each in pod.status.conditions if each.status == "True"}
    pending, in_progress = (_state_of(known.get(name)) for name in (PENDING, IN_PROGRESS))
    status = pod.status
    told = {each.name: each for each in (*status.init_container_statuses, *status.container_statuses)}
    containers = {
        each.name: _told_allocation(each, told.get(each.name) if pending else None) for each in resizable(pod)
    }
    return Allocation(containers=containers, whole=pod.spec.resources, pending=pending, in_progress=in_progress)


def _told_allocation(spec: ContainerSpec, told: ContainerStatus | None) -> ResourceRequirements:
    if told is None or told.resources is None:
        return spec.resources
    requests = {name: amount for name, amount in spec.resources.requests.items() if name not in RESIZABLE}
    return evolve(spec.resources, requests={**requests, **told.allocated_resources}, limits=told.resources.limits)


def _state_of(condition: PodCondition | None) -> ResizeState | None:
    if condition is None or condition.last_transition_time is None:
        return None
    return ResizeState(
        reason=condition.reason or "",
        message=condition.message or "",
        generation=condition.observed_generation or 0,
        since=condition.last_transition_time,
    )


def is_allocated(pod: Pod, allocation: Allocation) -> bool:
    """The pod has what it asks for."""
    wishes = [(allocation.containers.get(each.name, each.resources), each.resources) for each in resizable(pod)]
    wishes.append((allocation.whole or NOTHING, pod.spec.resources or NOTHING))
    return not any(changed_resources(has, wants) for has, wants in wishes)


def allocated_pod(pod: Pod, allocation: Allocation | None) -> Pod:
    """The pod with what it was promised in place of what it asks for."""
    if allocation is None or is_allocated(pod, allocation):
        return pod

    def given(specs: Iterable[ContainerSpec]) -> tuple[ContainerSpec, ...]:
        return tuple(evolve(each, resources=allocation.containers.get(each.name, each.resources)) for each in specs)

    spec = evolve(
        pod.spec,
        containers=given(pod.spec.containers),
        init_containers=given(pod.spec.init_containers),
        resources=allocation.whole,
    )
    return evolve(pod, spec=spec)


def decide_allocation(
    pod: Pod, allocation: Allocation, refusal: Rejection | None, now: datetime
) -> tuple[Allocation, Say | None]:
    """What becomes of a pod that asks for something else than it has; ``refusal``: why it does not fit."""
    generation = pod.metadata.generation or 0
    if refusal is None:
        state = ResizeState(generation=generation, since=now)
        granted = {each.name: each.resources for each in resizable(pod)}
        said = Say("ResizeStarted", f"Pod resize started: {summary(pod, generation)}")
        return Allocation(containers=granted, whole=pod.spec.resources, in_progress=state), said
    before = allocation.pending
    same = before is not None and before.reason == DEFERRED
    state = ResizeState(
        reason=DEFERRED,
        message=refusal.message,
        generation=generation,
        since=before.since if before is not None and same else now,
    )
    allocation = attrs.evolve(allocation, pending=state)
    if same and before is not None and before.generation == generation:
        return allocation, None
    told = summary(pod, generation, refusal.message)
    return allocation, Say("ResizeDeferred", f"Pod resize {refusal.reason}: {told}", "Warning")


def settled(pod: Pod, allocation: Allocation) -> Allocation:
    """A wish that was taken back is not pending any more."""
    return (
        attrs.evolve(allocation, pending=None) if allocation.pending and is_allocated(pod, allocation) else allocation
    )


def is_applied(view: PodView) -> bool:
    """Every container that runs has what it was promised; others get it when they start. ``view.pod`` is as allocated."""
    found = ((spec, view.current(spec.name)) for spec in resizable(view.pod))
    return not any(
        changes(view, spec, container)
        for spec, container in found
        if container is not None and container.state == "running"
    )


def completed(pod: Pod, allocation: Allocation) -> tuple[Allocation, Say]:
    generation = allocation.in_progress.generation if allocation.in_progress else 0
    said = Say("ResizeCompleted", f"Pod resize completed: {summary(pod, generation)}")
    return attrs.evolve(allocation, in_progress=None), said


def failed(pod: Pod, allocation: Allocation, why: str, now: datetime) -> tuple[Allocation, Say | None]:
    """The engine has refused what the node had granted; it is tried again."""
    before = allocation.in_progress
    if before is not None and (before.reason, before.message) == (ERROR, why):
        return allocation, None
    generation = before.generation if before is not None else pod.metadata.generation or 0
    since = before.since if before is not None and before.reason == ERROR else now
    state = ResizeState(reason=ERROR, message=why, generation=generation, since=since)
    said = Say("ResizeError", f"Pod resize error: {summary(pod, generation, why)}", "Warning")
    return attrs.evolve(allocation, in_progress=state), said


def resize_conditions(allocation: Allocation | None) -> tuple[PodCondition, ...]:
    if allocation is None:
        return ()
    states = ((PENDING, allocation.pending), (IN_PROGRESS, allocation.in_progress))
    return tuple(_condition(name, state) for name, state in states if state is not None)


def _condition(name: str, state: ResizeState) -> PodCondition:
    since = state.since.replace(microsecond=0)
    return PodCondition(
        type=name,
        status="True",
        observed_generation=state.generation,
        last_probe_time=since,
        last_transition_time=since,
        reason=state.reason or None,
        message=state.message or None,
    )


def summary(pod: Pod, generation: int, error: str = "") -> str:
    """What the pod's containers ask for, as an event tells it."""
    told: dict[str, object] = {}
    for name, specs in (("initContainers", pod.spec.init_containers), ("containers", pod.spec.containers)):
        if specs:
            told[name] = [{"name": each.name, "resources": to_wire(each.resources)} for each in specs]
    told["generation"] = generation
    if error:
        told["error"] = error
    return orjson.dumps(told).decode()
