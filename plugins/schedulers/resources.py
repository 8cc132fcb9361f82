"""Requests against what a node can allocate: never over-committed, and the emptier, more even node is liked better."""

from __future__ import annotations

from collections.abc import Callable

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, SchedulerPluginBase
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.pod_requests import CPU, MEMORY, PODS, Amounts, amounts, pod_requests, scored_requests, total
from sampan.plugins.schedulers.decision import OncePerDecision


class NodeResourcesFit(SchedulerPluginBase):
    """The filter, and the LeastAllocated score."""

    name = "NodeResourcesFit"
    weight = 1

    def __init__(self) -> None:
        self._wanted = OncePerDecision(lambda pod, _state: pod_requests(pod))

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        room = _room(node)
        if PODS in room and len(node.pods) + 1 > room[PODS]:
            return Refusal("Too many pods", preemption_helps=True)
        wanted = self._wanted(pod, state)
        if not any(wanted.values()):
            return None
        used = _used(node)
        short = [
            resource
            for resource, number in sorted(wanted.items())
            if number and number > room.get(resource, 0) - used.get(resource, 0)
        ]
        if not short:
            return None
        first, *others = (f"Insufficient {resource}" for resource in short)
        fits_alone = all(wanted[resource] <= room.get(resource, 0) for resource in short)
        return Refusal(first, preemption_helps=fits_alone, further=tuple(others))

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        shares = _shares(pod, node)
        return sum(100.0 * (1 - share) for share in shares) / len(shares) if shares else 0.0


class NodeResourcesBalanced(SchedulerPluginBase):
    """Likes nodes whose CPU and memory would be used to the same degree."""

    name = "NodeResourcesBalancedAllocation"
    weight = 1

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        shares = _shares(pod, node)
        return 100.0 * (1 - (max(shares) - min(shares)) / 2) if shares else 0.0


def _shares(pod: Pod, node: NodeState) -> list[float]:
    """How much of the node's CPU and memory would be requested with the pod on it: 0 to 1 each."""
    room = _room(node)
    used = total((_scored(node), scored_requests(pod)))
    return [min(1.0, used[resource] / room[resource]) for resource in (CPU, MEMORY) if room.get(resource)]


def _room(node: NodeState) -> Amounts:
    return _remembered(node, "allocatable", lambda: amounts(node.node.status.allocatable))


def _used(node: NodeState) -> Amounts:
    return _remembered(node, "requested", lambda: total(map(pod_requests, node.pods)))


def _scored(node: NodeState) -> Amounts:
    return _remembered(node, "requested for scores", lambda: total(map(scored_requests, node.pods)))


def _remembered(node: NodeState, what: str, work_out: Callable[[], Amounts]) -> Amounts:
    """Adding up all pods of all nodes for every decision would cost more than the decision."""
    found: Amounts | None = node.memo.get(what)
    if found is None:
        found = node.memo[what] = work_out()
    return found
