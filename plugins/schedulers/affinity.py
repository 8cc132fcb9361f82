"""nodeSelector and node affinity: which nodes a pod must, and which it would rather, run on.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from sampan.core.classes import define
from sampan.core.contracts.scheduler import Change, ClusterState, NodeState, Refusal
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1 import affinity
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.node_selector import matches_selector, matches_term
from sampan.plugins.schedulers.normalize import more_is_better


class NodeAffinity(GroupedPlugin):
    name = "NodeAffinity"
    weight = 2
    helped_by = Change.NODE_ADDED | Change.NODE_LABELS
    follows_from = ()

    def sign(self, pod: Pod) -> Hashable:
        wishes = _node_affinity(pod)
        return (tuple(sorted(pod.spec.node_selector.items())), repr(wishes) if wishes else None)

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        return _Fitting(pod, _only(pod)) if pod.spec.node_selector or _node_affinity(pod) else None


@define
class _Fitting(Judge):
    pod: Pod
    only: frozenset[str] | None
    filters = is_relative = True

    @property
    def scores(self) -> bool:  # type: ignore[override]
        wishes = _node_affinity(self.pod)
        return wishes is not None and bool(wishes.preferred_during_scheduling_ignored_during_execution)

    def refuses(self, node: NodeState) -> Refusal | None:
        if matches_node(self.pod, node.node):
            return None
        return Refusal("node(s) didn't match Pod's node affinity/selector")

    def score(self, node: NodeState) -> float:
        wishes = _node_affinity(self.pod)
        return _weight(wishes, node.node) if wishes is not None else 0.0

    def normalize(self, scores: Sequence[float]) -> Sequence[float]:
        return more_is_better(scores)


def matches_node(pod: Pod, node: Node) -> bool:
    """Whether the pod's nodeSelector and required node affinity both allow the node."""
    labels = node.metadata.labels
    if any(labels.get(key) != value for key, value in pod.spec.node_selector.items()):
        return False
    wishes = _node_affinity(pod)
    required = wishes.required_during_scheduling_ignored_during_execution if wishes else None
    if required is None:
        return True
    return matches_selector(required, node)


def _only(pod: Pod) -> frozenset[str] | None:
    """The nodes that every term names, as those of a DaemonSet's pods do; ``None`` where others may do, too."""
    wishes = _node_affinity(pod)
    required = wishes.required_during_scheduling_ignored_during_execution if wishes else None
    if required is None or not required.node_selector_terms:
        return None
    found: set[str] = set()
    for term in required.node_selector_terms:
        named = [set(each.values) for each in term.match_fields if (each.key, each.operator) == ("metadata.name", "In")]
        if not named:
            return None
        found |= set.intersection(*named)
    return frozenset(found)


def _node_affinity(pod: Pod) -> affinity.NodeAffinity | None:
    return pod.spec.affinity.node_affinity if pod.spec.affinity else None


def _weight(wishes: affinity.NodeAffinity, node: Node) -> int:
    preferred = wishes.preferred_during_scheduling_ignored_during_execution
    return sum(each.weight for each in preferred if matches_term(each.preference, node))
