"""Requests against what a node can allocate: never over-committed, and the emptier, more even node is liked better."""

from __future__ import annotations

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, SchedulerPluginBase
from sampan.core.model.core_v1.pod import Pod
from sampan.plugins.schedulers.requests import CPU, MEMORY, PODS, amounts, pod_requests, scored_requests, total


class NodeResourcesFit(SchedulerPluginBase):
    """The filter, and the LeastAllocated score."""

    name = "NodeResourcesFit"
    weight = 1

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        room = amounts(node.node.status.allocatable)
        if PODS in room and len(node.pods) + 1 > room[PODS]:
            return Refusal("Too many pods", preemption_helps=True)
        wanted = pod_requests(pod)
        if not any(wanted.values()):
            return None
        used = total(pod_requests(other) for other in node.pods)
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
    room = amounts(node.node.status.allocatable)
    used = total(scored_requests(each) for each in (*node.pods, pod))
    return [min(1.0, used[resource] / room[resource]) for resource in (CPU, MEMORY) if room.get(resource)]
