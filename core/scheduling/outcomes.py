"""What a verdict leads to: the plans of the scheduling controller. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sampan.core.contracts.plan import Action, Bind, Delete, Emit, Patch, Plan
from sampan.core.contracts.scheduler import Preemption, Unschedulable
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.pods import condition
from sampan.core.scheduling.waiting import LONGEST_WAIT
from sampan.core.schema.scalars import format_time

PREEMPTED = "preempting to accommodate a higher priority pod"


def placed(pod: Pod, node: str, before: tuple[Action, ...] = ()) -> Plan:
    namespace, name = pod.key
    return Plan(
        actions=(
            *before,
            Bind(namespace=namespace, name=name, uid=pod.metadata.uid or "", node=node),
            Emit(
                regarding=pod,
                reason="Scheduled",
                message=f"Successfully assigned {namespace}/{name} to {node}",
                action="Binding",
            ),
        ),
        on_error=Emit(
            regarding=pod,
            type="Warning",
            reason="FailedScheduling",
            message="binding rejected: {error}",
            action="Scheduling",
        ),
    )


def refused(pod: Pod, verdict: Unschedulable, now: datetime) -> Plan:
    """Say so in the condition and in an event, unless that has been said; and make room where that was decided."""
    preemption = verdict.preemption
    nominated = preemption.node if preemption else None
    actions: list[Action] = [] if preemption is None else evictions(pod, preemption, now)
    known = condition(pod, "PodScheduled")
    is_said = known is not None and (known.status, known.message) == ("False", verdict.message)
    if not is_said:
        actions.append(_event(pod, verdict.message))
    if not is_said or (nominated and nominated != pod.status.nominated_node_name):
        since = known.last_transition_time if known and known.status == "False" else None
        actions.append(_condition(pod, verdict.message, since or now, nominated))
    return Plan(actions=tuple(actions), requeue_after=LONGEST_WAIT)


def evictions(pod: Pod, preemption: Preemption, now: datetime) -> list[Action]:
    """Have the victims leave, with their grace, and let it be known for whom."""
    actions: list[Action] = []
    for victim in preemption.victims:
        if victim.metadata.deletion_timestamp is not None:
            continue
        namespace, name = victim.key
        target = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": f"{pod.spec.scheduler_name or 'default-scheduler'}: {PREEMPTED}",
            "lastTransitionTime": format_time(now),
            "observedGeneration": victim.metadata.generation,
        }
        known = [{"type": each.type} for each in victim.status.conditions if each.type != "DisruptionTarget"]
        order = {"$setElementOrder/conditions": [*known, {"type": "DisruptionTarget"}]}
        actions.append(_status(victim, {**order, "conditions": [target]}))
        actions.append(Delete(kind=Pod, namespace=namespace, name=name, uid=victim.metadata.uid))
        said = f"Preempted by pod {pod.metadata.uid} on node {preemption.node}"
        actions.append(Emit(regarding=victim, reason="Preempted", message=said, action="Preempting"))
    return actions


def _event(pod: Pod, message: str) -> Emit:
    return Emit(regarding=pod, type="Warning", reason="FailedScheduling", message=message, action="Scheduling")


def _condition(pod: Pod, message: str, since: datetime, nominated: str | None) -> Patch:
    told: dict[str, Any] = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastTransitionTime": format_time(since),
        "observedGeneration": pod.metadata.generation,
    }
    return _status(pod, {"conditions": [told], **({"nominatedNodeName": nominated} if nominated else {})})


def _status(pod: Pod, status: Mapping[str, Any]) -> Patch:
    namespace, name = pod.key
    patch = {"metadata": {"uid": pod.metadata.uid}, "status": status}
    return Patch(kind=Pod, namespace=namespace, name=name, patch=patch, type="strategic", subresource="status")
