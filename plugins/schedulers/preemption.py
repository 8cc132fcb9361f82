"""Make room for a more important pod: on which node, and who has to leave. Pure.

Fewest violated PodDisruptionBudgets first, then the least important, least and youngest victims.
https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sampan.core.classes import frozen
from sampan.core.contracts.scheduler import ClusterState, NodeState, Preemption
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.policy_v1.pod_disruption_budget import PodDisruptionBudget
from sampan.core.reconcile.labels import matches
from sampan.plugins.schedulers.group import Group, Said, with_promised

MOST_CANDIDATES = 100


@frozen
class Candidate:
    node: NodeState
    victims: tuple[Pod, ...]
    """The most important first."""
    violations: int
    """Victims that their PodDisruptionBudgets cannot spare."""

    def cost(self) -> tuple[Any, ...]:
        """Less is better, in Kubernetes' order."""
        priorities = [priority(pod) for pod in self.victims]
        most = max(priorities)
        # The earliest start among the most important victims: the node where that is latest is taken.
        started = min(_started(pod) for pod in self.victims if priority(pod) == most)
        return (self.violations, most, sum(priorities), len(self.victims), -started.timestamp(), self.node.name)


def not_eligible(pod: Pod, state: ClusterState) -> str:
    """Why a pod may not make others leave, in Kubernetes' words; ``""`` where it may."""
    if pod.spec.preemption_policy == "Never":
        return "not eligible due to preemptionPolicy=Never."
    node = state.find(pod.status.nominated_node_name or "")
    if node and any(each.metadata.deletion_timestamp and priority(each) < priority(pod) for each in node.pods):
        return "not eligible due to a terminating pod on the nominated node."
    return ""


def make_room(pod: Pod, group: Group, state: ClusterState, refused: Mapping[str, Said]) -> Preemption | None:
    """The best node to make room on; ``None`` where that is not possible or not allowed."""
    if not_eligible(pod, state):
        return None
    hopeful = (name for name, (_, refusal) in refused.items() if refusal.preemption_helps)
    budgets = [each for each in state.extra.get(PodDisruptionBudget, ()) if isinstance(each, PodDisruptionBudget)]
    found: list[Candidate] = []
    for name in hopeful:
        node = state.find(name)
        if node is not None and (candidate := _known(node, pod, group, budgets, state)) is not None:
            found.append(candidate)
            if len(found) == MOST_CANDIDATES:
                break
    if not found:
        return None
    best = min(found, key=Candidate.cost)
    return Preemption(node=best.node.name, victims=best.victims)


def _known(
    node: NodeState, pod: Pod, group: Group, budgets: Sequence[PodDisruptionBudget], state: ClusterState
) -> Candidate | None:
    """`_on`, worked out once for a group and a node, unless it depends on other nodes, too."""
    if group.wide_filters():
        group.rooms.clear()
        return _on(node, pod, group, budgets, state)
    if node.name not in group.rooms:
        group.rooms[node.name] = _on(node, pod, group, budgets, state)
    known: Candidate | None = group.rooms[node.name]
    return known


def _on(
    node: NodeState, pod: Pod, group: Group, budgets: Sequence[PodDisruptionBudget], state: ClusterState
) -> Candidate | None:
    """The fewest pods that have to leave this node; ``None`` where even all less important ones would not do.

    Those that the node is promised to count as if they were there: no room is made twice.
    """
    lesser = [each for each in node.pods if priority(each) < priority(pod)]
    if not lesser:
        return None
    try:
        without = node.minus(*lesser)
        if not _would_fit(without, pod, group, state):
            return None
        protected, free = split(sorted(lesser, key=importance), budgets)
        victims: list[Pod] = []
        violations = 0
        for each in (*protected, *free):  # who may stay after all
            again = without.plus(each)
            if _would_fit(again, pod, group, state):
                without = again
            else:
                victims.append(each)
                violations += each in protected
    finally:
        group.suppose(node.name, node)
    return Candidate(node, tuple(sorted(victims, key=importance)), violations) if victims else None


def _would_fit(node: NodeState, pod: Pod, group: Group, state: ClusterState) -> bool:
    group.suppose(node.name, node)
    if group.what_if(node) is not None:
        return False
    promised = with_promised(node, pod, state)
    return promised is node or group.if_kept(node, promised) is None


def split(pods: Iterable[Pod], budgets: Sequence[PodDisruptionBudget]) -> tuple[list[Pod], list[Pod]]:
    """Those whose budgets are used up by the ones before them, and the others."""
    left = Counter({id(budget): budget.status.disruptions_allowed or 0 for budget in budgets})
    protected: list[Pod] = []
    free: list[Pod] = []
    for pod in pods:
        concerned = [budget for budget in budgets if _covers(budget, pod)]
        for budget in concerned:
            left[id(budget)] -= 1
        (protected if any(left[id(budget)] < 0 for budget in concerned) else free).append(pod)
    return protected, free


def _covers(budget: PodDisruptionBudget, pod: Pod) -> bool:
    return (
        budget.metadata.namespace == pod.metadata.namespace
        and pod.metadata.name not in budget.status.disrupted_pods
        and budget.spec.selector is not None
        and matches(budget.spec.selector, pod.metadata.labels)
    )


def priority(pod: Pod) -> int:
    return pod.spec.priority or 0


def importance(pod: Pod) -> tuple[int, datetime]:
    """Sorts the most important first: higher priority, then running for longer."""
    return (-priority(pod), _started(pod))


def _started(pod: Pod) -> datetime:
    return pod.status.start_time or datetime.max.replace(tzinfo=UTC)
