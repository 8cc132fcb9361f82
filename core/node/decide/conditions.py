"""A pod's conditions, in Kubernetes' order and words. Pure; a part of `sampan.core.node.decide.status`.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sampan.core.classes import frozen
from sampan.core.model.core_v1.container_status import ContainerStatus
from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.core_v1.pod import Pod, PodCondition
from sampan.core.model.meta import evolve
from sampan.core.node.decide.restart_all import could_restart_all
from sampan.core.node.decide.view import is_sidecar

OWN = (
    "PodResizePending", "PodResizeInProgress",
    "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled",
    "AllContainersRestarting",
)  # fmt: skip
"""What the node agent tells, in this order; all others are somebody else's."""


@frozen
class Finding:
    """Whether something is so, and why not."""

    so: bool
    reason: str = ""
    message: str = ""


def pod_conditions(
    pod: Pod,
    phase: str,
    inits: Sequence[ContainerStatus],
    mains: Sequence[ContainerStatus],
    ready_to_start: bool,
    now: datetime,
    resize: Sequence[PodCondition] = (),
    restarting: bool = False,
) -> tuple[PodCondition, ...]:
    """``resize``: what is to be told of a change of resources; ``restarting``: the pod begins anew in its place."""
    containers_ready = _containers_ready(pod, phase, inits, mains)
    findings = {
        "PodReadyToStartContainers": Finding(ready_to_start),
        "Initialized": _initialized(pod, phase, inits, mains),
        "Ready": _ready(pod, containers_ready),
        "ContainersReady": containers_ready,
        "PodScheduled": Finding(True),
    }
    if could_restart_all(pod):
        findings["AllContainersRestarting"] = _restarting(phase, restarting)
    known = {each.type: each for each in pod.status.conditions}
    generation = pod.metadata.generation or 0
    own = tuple(_condition(known.get(name), name, finding, generation, now) for name, finding in findings.items())
    return (*resize, *own, *(each for each in pod.status.conditions if each.type not in OWN))


def _restarting(phase: str, restarting: bool) -> Finding:
    if phase in FINISHED:
        return Finding(False, "PodCompleted" if phase == "Succeeded" else "PodFailed")
    if restarting:
        return Finding(True, "RestartAllContainersStarted", "container exited with restart policy rule")
    return Finding(False)


def _condition(old: PodCondition | None, name: str, finding: Finding, generation: int, now: datetime) -> PodCondition:
    """The transition time is kept while the answer stays."""
    status = "True" if finding.so else "False"
    same = old is not None and old.status == status
    fresh = PodCondition(
        type=name,
        status=status,
        observed_generation=generation,
        last_transition_time=old.last_transition_time if old is not None and same else now.replace(microsecond=0),
        reason=finding.reason or None,
        message=finding.message or None,
    )
    return fresh if old is None else evolve(fresh, last_probe_time=old.last_probe_time)


def _initialized(pod: Pod, phase: str, inits: Sequence[ContainerStatus], mains: Sequence[ContainerStatus]) -> Finding:
    if phase == "Succeeded":
        return Finding(True, "PodCompleted")
    if any(each.state.running is not None for each in mains):
        return Finding(True)
    incomplete = [
        status.name
        for spec, status in zip(pod.spec.init_containers, inits, strict=True)
        if not (status.started if is_sidecar(spec) else status.ready)
    ]
    if incomplete:
        message = f"containers with incomplete status: [{' '.join(incomplete)}]"
        return Finding(False, "ContainersNotInitialized", message)
    return Finding(True)


def _containers_ready(
    pod: Pod, phase: str, inits: Sequence[ContainerStatus], mains: Sequence[ContainerStatus]
) -> Finding:
    if phase == "Succeeded":
        return Finding(False, "PodCompleted")
    if phase == "Failed":
        return Finding(False, "PodFailed")
    beside = [status for spec, status in zip(pod.spec.init_containers, inits, strict=True) if is_sidecar(spec)]
    unready = [each.name for each in (*beside, *mains) if not each.ready]
    if unready:
        return Finding(False, "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    return Finding(True)


def _ready(pod: Pod, containers_ready: Finding) -> Finding:
    """Containers ready, and every readiness gate's condition true."""
    if not containers_ready.so:
        return containers_ready
    known = {each.type: each.status for each in pod.status.conditions}
    problems = []
    for gate in pod.spec.readiness_gates:
        status = known.get(gate.condition_type)
        if status is None:
            problems.append(f'corresponding condition of pod readiness gate "{gate.condition_type}" does not exist.')
        elif status != "True":
            problems.append(f'the status of pod readiness gate "{gate.condition_type}" is not "True", but {status}')
    return Finding(False, "ReadinessGatesNotReady", ", ".join(problems)) if problems else Finding(True)
