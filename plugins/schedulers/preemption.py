"""Make room for a more important pod: on which node, and who has to leave. Pure.

The least important, fewest and youngest victims.
https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from sampan.core.contracts.scheduler import ClusterState, NodeState, Preemption, Refusal
from sampan.core.model.core_v1.pod import Pod
from sampan.plugins.schedulers.group import Group

MOST_CANDIDATES = 100


@attrs.frozen
class Candidate:
    node: NodeState
    victims: tuple[Pod, ...]
    """The most important first."""

    def cost(self) -> tuple[Any, ...]:
        """Less is better, in Kubernetes' order."""
        priorities = [priority(pod) for pod in self.victims]
        most = max(priorities)
        # The earliest start among the most important victims: the node where that is latest is taken.
        started = min(_started(pod) for pod in self.victims if priority(pod) == most)
        return (most, sum(priorities), len(self.victims), -started.timestamp(), self.node.name)


def not_eligible(pod: Pod, state: ClusterState) -> str:
    """Why a pod may not make others leave, in Kubernetes' words; ``""`` where it may."""
    if pod.spec.preemption_policy == "Never":
        return "not eligible due to preemptionPolicy=Never."
    node = state.find(pod.status.nominated_node_name or "")
    if node and any(each.metadata.deletion_timestamp and priority(each) < priority(pod) for each in node.pods):
        return "not eligible due to a terminating pod on the nominated node."
    return ""


def make_room(
    pod: Pod, group: Group, state: ClusterState, refused: Mapping[str, tuple[str, Refusal]]
) -> Preemption | None:
    """The best node to make room on; ``None`` where that is not possible or not allowed."""
    if not_eligible(pod, state):
        return None
    hopeful = [name for name, (_, refusal) in refused.items() if refusal.preemption_helps]
    found: list[Candidate] = []
    for name in hopeful:
        node = state.find(name)
        if node is not None and (candidate := _on(node, pod, group)) is not None:
            found.append(candidate)
            if len(found) == MOST_CANDIDATES:
                break
    if not found:
        return None
    best = min(found, key=Candidate.cost)
    return Preemption(node=best.node.name, victims=best.victims)


def _on(node: NodeState, pod: Pod, group: Group) -> Candidate | None:
    """The fewest pods that have to leave this node; ``None`` where even all less important ones would not do."""
    lesser = [each for each in node.pods if priority(each) < priority(pod)]
    if not lesser:
        return None
    try:
        without = node.minus(*lesser)
        if not _would_fit(without, group):
            return None
        victims: list[Pod] = []
        for each in sorted(lesser, key=importance):  # who may stay after all
            again = without.plus(each)
            if _would_fit(again, group):
                without = again
            else:
                victims.append(each)
    finally:
        group.suppose(node.name, node)
    return Candidate(node, tuple(victims)) if victims else None


def _would_fit(node: NodeState, group: Group) -> bool:
    group.suppose(node.name, node)
    return group.what_if(node) is None


def priority(pod: Pod) -> int:
    return pod.spec.priority or 0


def importance(pod: Pod) -> tuple[int, datetime]:
    """Sorts the most important first: higher priority, then running for longer."""
    return (-priority(pod), _started(pod))


def _started(pod: Pod) -> datetime:
    return pod.status.start_time or datetime.max.replace(tzinfo=UTC)
