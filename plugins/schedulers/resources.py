"""Requests against what a node can allocate: never over-committed, and the emptier, more even node is liked better."""

from __future__ import annotations

from collections.abc import Hashable

from sampan.core.classes import define
from sampan.core.contracts.scheduler import Change, ClusterState, NodeState, Refusal
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.pod_requests import CPU, MEMORY, PODS, Amounts, pod_requests, scored_requests


class NodeResourcesFit(GroupedPlugin):
    """The filter, and the LeastAllocated score."""

    name = "NodeResourcesFit"
    weight = 1
    helped_by = Change.NODE_ADDED | Change.NODE_ALLOCATABLE | Change.POD_LEFT
    follows_from = ()

    def sign(self, pod: Pod) -> Hashable:
        return tuple(sorted(pod_requests(pod).items())), tuple(sorted(scored_requests(pod).items()))

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        wanted = {resource: number for resource, number in sorted(pod_requests(pod).items()) if number}
        return _Fits(wanted, scored_requests(pod))


@define
class _Fits(Judge):
    wanted: Amounts
    scored: Amounts
    filters = scores = True

    def refuses(self, node: NodeState) -> Refusal | None:
        room, used = node.allocatable, node.requested
        if PODS in room and len(node.pods) + 1 > room[PODS]:
            return Refusal("Too many pods", preemption_helps=True)
        short = [
            resource
            for resource, number in self.wanted.items()
            if number > room.get(resource, 0) - used.get(resource, 0)
        ]
        if not short:
            return None
        first, *others = (f"Insufficient {resource}" for resource in short)
        fits_alone = all(self.wanted[resource] <= room.get(resource, 0) for resource in short)
        return Refusal(first, preemption_helps=fits_alone, further=tuple(others))

    def score(self, node: NodeState) -> float:
        shares = _shares(self.scored, node)
        return sum(100.0 * (1 - share) for share in shares) / len(shares) if shares else 0.0


class NodeResourcesBalanced(GroupedPlugin):
    """Likes nodes whose CPU and memory would be used to the same degree."""

    name = "NodeResourcesBalancedAllocation"
    weight = 1
    helped_by = Change.NODE_ADDED
    follows_from = ()

    def sign(self, pod: Pod) -> Hashable:
        return None  # what NodeResourcesFit signs

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        return _Balanced(scored_requests(pod))


@define
class _Balanced(Judge):
    scored: Amounts
    scores = True

    def score(self, node: NodeState) -> float:
        shares = _shares(self.scored, node)
        return 100.0 * (1 - (max(shares) - min(shares)) / 2) if shares else 0.0


def _shares(scored: Amounts, node: NodeState) -> list[float]:
    """How much of the node's CPU and memory would be requested with the pod on it: 0 to 1 each."""
    room, used = node.allocatable, node.scored
    return [
        min(1.0, (used.get(resource, 0) + scored[resource]) / room[resource])
        for resource in (CPU, MEMORY)
        if room.get(resource)
    ]
