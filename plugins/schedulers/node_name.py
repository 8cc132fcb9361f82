"""A pod that names its node goes nowhere else."""

from __future__ import annotations

from collections.abc import Hashable

from sampan.core.classes import define
from sampan.core.contracts.scheduler import Change, ClusterState, NodeState, Refusal
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.pod import Pod


class NodeName(GroupedPlugin):
    name = "NodeName"
    weight = 0
    helped_by = Change.NODE_ADDED
    follows_from = ()

    def sign(self, pod: Pod) -> Hashable:
        return pod.spec.node_name

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        return _Only(pod.spec.node_name) if pod.spec.node_name else None


@define
class _Only(Judge):
    node: str
    filters = True

    def refuses(self, node: NodeState) -> Refusal | None:
        return None if node.name == self.node else Refusal("node(s) didn't match the requested node name")
