"""Two pods that want one port of the host cannot share it."""

from __future__ import annotations

from collections.abc import Hashable

from sampan.core.classes import define
from sampan.core.contracts.scheduler import Change, ClusterState, NodeState, Refusal
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.host_ports import HostPort, collide, host_ports


class NodePorts(GroupedPlugin):
    name = "NodePorts"
    weight = 0
    helped_by = Change.NODE_ADDED | Change.POD_LEFT
    follows_from = ()

    def sign(self, pod: Pod) -> Hashable:
        return tuple(host_ports(pod))

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        wanted = tuple(host_ports(pod))
        return _Free(wanted) if wanted else None


@define
class _Free(Judge):
    wanted: tuple[HostPort, ...]
    filters = True

    def refuses(self, node: NodeState) -> Refusal | None:
        taken = [port for other in node.pods for port in host_ports(other)]
        if any(collide(mine, theirs) for mine in self.wanted for theirs in taken):
            return Refusal("node(s) didn't have free ports for the requested pod ports", preemption_helps=True)
        return None
