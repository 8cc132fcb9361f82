"""The name server that comes with sampan, entered by name. It is a process of its own, and dnspython is imported there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sampan.core.contracts.name_server import NameServer, NameServerSettings
    from sampan.core.registry import Registry


def make_cluster_dns(settings: NameServerSettings) -> NameServer:
    """Answers for the cluster's names from memory; asks the host's servers about all others."""
    from sampan.plugins.dns.process import DnsProcess

    return DnsProcess(settings)


def register(registry: Registry) -> None:
    registry.name_server("cluster", make_cluster_dns, rank=1)
