"""Replicas of one workload, and pods of one Service, are spread over nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sampan.core.contracts.scheduler import ClusterState, NodeState, SchedulerPluginBase
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.plugins.schedulers.decision import OncePerDecision
from sampan.plugins.schedulers.normalize import less_is_better


class PodSpread(SchedulerPluginBase):
    """Kubernetes' default spreading: the fewer fellows on a node, the better."""

    name = "PodSpread"
    weight = 2

    def __init__(self) -> None:
        self._fellows = OncePerDecision(fellows_of)

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        is_fellow = self._fellows(pod, state)
        return sum(is_fellow(other) for other in node.pods)

    def normalize(self, pod: Pod, scores: Sequence[float]) -> Sequence[float]:
        return less_is_better(scores)


def fellows_of(pod: Pod, state: ClusterState) -> Callable[[Pod], bool]:
    """What tells the pods that do the same work: the same controller, or a Service that selects both."""
    owners = {reference.uid for reference in pod.metadata.owner_references if reference.controller}
    namespace = pod.metadata.namespace
    selectors = [
        service.spec.selector
        for service in state.extra.get(Service, ())
        if isinstance(service, Service)
        and service.metadata.namespace == namespace
        and service.spec.selector
        and service.spec.selector.items() <= pod.metadata.labels.items()
    ]

    def is_fellow(other: Pod) -> bool:
        if other.metadata.namespace != namespace or other.metadata.deletion_timestamp:
            return False
        if any(reference.uid in owners for reference in other.metadata.owner_references):
            return True
        return any(selector.items() <= other.metadata.labels.items() for selector in selectors)

    return is_fellow
