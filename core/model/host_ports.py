"""Which ports of their host pods want, and whether two of them can be had side by side. For scheduler and node agent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod

ANY_ADDRESS = "0.0.0.0"  # Kubernetes' word for an unnamed host address
HostPort = tuple[str, str, int]
"""Protocol, host address and port."""


def host_ports(pod: Pod) -> Iterator[HostPort]:
    for container in lasting_containers(pod):
        for port in container.ports:
            if port.host_port:
                yield (port.protocol or "TCP", port.host_ip or ANY_ADDRESS, port.host_port)


def lasting_containers(pod: Pod) -> Iterable[Container]:
    """Those that run as long as the pod does."""
    return (*pod.spec.containers, *(each for each in pod.spec.init_containers if each.restart_policy == "Always"))


def collide(mine: HostPort, theirs: HostPort) -> bool:
    """The same port of the same protocol, on the same address or on all."""
    if (mine[0], mine[2]) != (theirs[0], theirs[2]):
        return False
    return mine[1] == theirs[1] or ANY_ADDRESS in (mine[1], theirs[1])
