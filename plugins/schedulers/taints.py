"""Taints that a pod does not tolerate keep it away; those of PreferNoSchedule make a node less liked.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, SchedulerPluginBase
from sampan.core.model.core_v1.node import Taint
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.tolerations import is_tolerated
from sampan.plugins.schedulers.normalize import less_is_better

KEEPS_AWAY = ("NoSchedule", "NoExecute")
PREFERS_AWAY = ("PreferNoSchedule",)
UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


class NodeUnschedulable(SchedulerPluginBase):
    """A cordoned node takes only pods that tolerate it."""

    name = "NodeUnschedulable"
    weight = 0

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        if node.node.spec.unschedulable and not is_tolerated(UNSCHEDULABLE, pod.spec.tolerations):
            return Refusal("node(s) were unschedulable")
        return None


class TaintToleration(SchedulerPluginBase):
    name = "TaintToleration"
    weight = 3

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        for taint in intolerable(pod, node, KEEPS_AWAY):
            return Refusal(f"node(s) had untolerated taint(s): {taint_words(taint)}")
        return None

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        return len(list(intolerable(pod, node, PREFERS_AWAY)))

    def normalize(self, pod: Pod, scores: Sequence[float]) -> Sequence[float]:
        return less_is_better(scores)


def intolerable(pod: Pod, node: NodeState, effects: Iterable[str]) -> Iterable[Taint]:
    """The node's taints with one of these effects that the pod does not tolerate."""
    for taint in node.node.spec.taints:
        if taint.effect in effects and not is_tolerated(taint, pod.spec.tolerations):
            yield taint


def taint_words(taint: Taint) -> str:
    return f"{{{taint.key}: {taint.value or ''}}}"
