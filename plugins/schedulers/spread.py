"""Replicas of one workload, and pods of one Service, are spread over nodes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from sampan.core.classes import define
from sampan.core.contracts.scheduler import Change, ClusterState, NodeState
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.plugins.schedulers.normalize import less_is_better


class PodSpread(GroupedPlugin):
    """Kubernetes' default spreading: the fewer fellows on a node, the better."""

    name = "PodSpread"
    weight = 2
    helped_by = Change.NODE_ADDED
    follows_from = (Service,)

    def sign(self, pod: Pod) -> Hashable:
        return (pod.metadata.namespace, _owners(pod), tuple(sorted(pod.metadata.labels.items())))

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        owners, selectors = _owners(pod), _selectors(pod, state)
        return _Fellows(pod.metadata.namespace, owners, selectors) if owners or selectors else None


@define
class _Fellows(Judge):
    """Counts the pods that do the same work: the same controller, or a Service that selects both."""

    namespace: str | None
    owners: frozenset[str]
    selectors: Sequence[frozenset[tuple[str, str]]]
    scores = is_relative = True

    def score(self, node: NodeState) -> float:
        return sum(map(self.is_fellow, node.pods))

    def is_fellow(self, other: Pod) -> bool:
        if other.metadata.namespace != self.namespace or other.metadata.deletion_timestamp:
            return False
        if any(reference.uid in self.owners for reference in other.metadata.owner_references):
            return True
        return any(selector <= other.metadata.labels.items() for selector in self.selectors)

    def normalize(self, scores: Sequence[float]) -> Sequence[float]:
        return less_is_better(scores)


def _owners(pod: Pod) -> frozenset[str]:
    return frozenset(reference.uid for reference in pod.metadata.owner_references if reference.controller)


def _selectors(pod: Pod, state: ClusterState) -> list[frozenset[tuple[str, str]]]:
    return [
        frozenset(service.spec.selector.items())
        for service in state.extra.get(Service, ())
        if isinstance(service, Service)
        and service.metadata.namespace == pod.metadata.namespace
        and service.spec.selector
        and service.spec.selector.items() <= pod.metadata.labels.items()
    ]
