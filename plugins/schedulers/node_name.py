"""A pod that names its node goes nowhere else."""

from __future__ import annotations

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, SchedulerPluginBase
from sampan.core.model.core_v1.pod import Pod


class NodeName(SchedulerPluginBase):
    name = "NodeName"
    weight = 0

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        if pod.spec.node_name and pod.spec.node_name != node.name:
            return Refusal("node(s) didn't match the requested node name")
        return None
