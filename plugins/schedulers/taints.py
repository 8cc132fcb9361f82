"""Taints that a pod does not tolerate keep it away; those of PreferNoSchedule make a node less liked.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from sampan.core.classes import define
from sampan.core.contracts.scheduler import Change, ClusterState, NodeState, Refusal
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.affinity import Toleration
from sampan.core.model.core_v1.node import Taint
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.tolerations import is_tolerated
from sampan.plugins.schedulers.normalize import less_is_better

KEEPS_AWAY = ("NoSchedule", "NoExecute")
PREFERS_AWAY = ("PreferNoSchedule",)
UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


class NodeUnschedulable(GroupedPlugin):
    """A cordoned node takes only pods that tolerate it."""

    name = "NodeUnschedulable"
    weight = 0
    helped_by = Change.NODE_ADDED | Change.NODE_TAINTS
    follows_from = ()

    def sign(self, pod: Pod) -> Hashable:
        return is_tolerated(UNSCHEDULABLE, pod.spec.tolerations)

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        return None if is_tolerated(UNSCHEDULABLE, pod.spec.tolerations) else _NotCordoned()


class _NotCordoned(Judge):
    filters = True

    def refuses(self, node: NodeState) -> Refusal | None:
        return Refusal("node(s) were unschedulable") if node.node.spec.unschedulable else None


class TaintToleration(GroupedPlugin):
    name = "TaintToleration"
    weight = 3
    helped_by = Change.NODE_ADDED | Change.NODE_TAINTS
    follows_from = ()

    def sign(self, pod: Pod) -> Hashable:
        return pod.spec.tolerations

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        return _Tolerant(pod.spec.tolerations)


@define
class _Tolerant(Judge):
    tolerations: tuple[Toleration, ...]
    filters = scores = is_relative = True

    def refuses(self, node: NodeState) -> Refusal | None:
        for taint in intolerable(self.tolerations, node, KEEPS_AWAY):
            return Refusal(f"node(s) had untolerated taint(s): {taint_words(taint)}")
        return None

    def score(self, node: NodeState) -> float:
        return sum(1 for _ in intolerable(self.tolerations, node, PREFERS_AWAY))

    def normalize(self, scores: Sequence[float]) -> Sequence[float]:
        return less_is_better(scores)


def intolerable(tolerations: Sequence[Toleration], node: NodeState, effects: Iterable[str]) -> Iterable[Taint]:
    """The node's taints with one of these effects that are not tolerated."""
    for taint in node.node.spec.taints:
        if taint.effect in effects and not is_tolerated(taint, tolerations):
            yield taint


def taint_words(taint: Taint) -> str:
    return f"{{{taint.key}: {taint.value or ''}}}"
