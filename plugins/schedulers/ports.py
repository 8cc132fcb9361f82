"""Two pods that want one port of the host cannot share it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import attrs

from sampan.core.contracts.scheduler import Change, ClusterState, GroupedPlugin, Judge, NodeState, Refusal
from sampan.core.model.core_v1.pod import Pod

ANY_ADDRESS = "0.0.0.0"  # Kubernetes' word for an unnamed host address
HostPort = tuple[str, str, int]


class NodePorts(GroupedPlugin):
    name = "NodePorts"
    weight = 0
    helped_by = Change.NODE_ADDED | Change.POD_LEFT

    def sign(self, pod: Pod) -> Hashable:
        return tuple(host_ports(pod))

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        wanted = tuple(host_ports(pod))
        return _Free(wanted) if wanted else None


@attrs.define
class _Free(Judge):
    wanted: tuple[HostPort, ...]
    filters = True

    def refuses(self, node: NodeState) -> Refusal | None:
        taken = [port for other in node.pods for port in host_ports(other)]
        if any(collide(mine, theirs) for mine in self.wanted for theirs in taken):
            return Refusal("node(s) didn't have free ports for the requested pod ports", preemption_helps=True)
        return None


def host_ports(pod: Pod) -> Iterator[HostPort]:
    """Protocol, host address and port of each that the pod wants."""
    sidecars = (each for each in pod.spec.init_containers if each.restart_policy == "Always")
    for container in (*pod.spec.containers, *sidecars):
        for port in container.ports:
            if port.host_port:
                yield (port.protocol or "TCP", port.host_ip or ANY_ADDRESS, port.host_port)


def collide(mine: HostPort, theirs: HostPort) -> bool:
    """The same port of the same protocol, on the same address or on all."""
    if (mine[0], mine[2]) != (theirs[0], theirs[2]):
        return False
    return mine[1] == theirs[1] or ANY_ADDRESS in (mine[1], theirs[1])
