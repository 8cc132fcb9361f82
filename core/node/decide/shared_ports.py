"""Pods that share their host's network where each should have its own, and want one port: who is told of it. Pure.

Kubernetes' scheduler knows of host ports alone. Where a runtime gives pods no network of their own, every port that a
container listens on is one of the host, and the second to listen there ends with an error of its own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.host_ports import lasting_containers


def shared_ports(pod: Pod, others: Iterable[Pod]) -> Iterator[str]:
    """A sentence for each port of ``pod`` that another on this node has as well."""
    taken = {
        (port.protocol or "TCP", port.container_port): other.key
        for other in others
        if other.status.phase not in FINISHED
        for container in lasting_containers(other)
        for port in container.ports
    }
    for container in lasting_containers(pod):
        for port in container.ports:
            number, protocol = port.container_port, port.protocol or "TCP"
            if (owner := taken.get((protocol, number))) is not None:
                yield (
                    f"port {number}/{protocol} of container {container.name} is also one of pod {'/'.join(owner)}: pods"
                    " share this host's network here, so that only one of them can listen on it; give each a port of its"
                    " own, run one replica, or use a runtime with pod networks"
                )
