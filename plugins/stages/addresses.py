"""Addresses for pods that nobody runs: of their node's range, none twice."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from zlib import crc32

from sampan.core.ip import Network
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod

FIRST = 10
"""The first addresses of a range are a gateway's and the like."""


class PodAddresses:
    """Kept in memory; what a restart has forgotten is in the pods' statuses."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._of: dict[str, list[str]] = {}

    def take(self, pods: Iterable[Pod]) -> None:
        """What these pods have is theirs."""
        for pod in pods:
            addresses = [each.ip for each in pod.status.pod_ips] or list(filter(None, [pod.status.pod_ip]))
            if addresses and not pod.spec.host_network:
                uid = pod.metadata.uid or ""
                self._owners |= dict.fromkeys(addresses, uid)
                self._of[uid] = addresses

    def of(self, uid: str, node: Node) -> list[str]:
        """The pod's own, one of each of its node's ranges that has one left."""
        if uid not in self._of:
            ranges = node.spec.pod_cidrs or filter(None, [node.spec.pod_cidr])
            found = [address for each in ranges if (address := self._free(uid, ip_network(each)))]
            if not found:
                return []
            self._owners |= dict.fromkeys(found, uid)
            self._of[uid] = found
        return self._of[uid]

    def _free(self, uid: str, network: Network) -> str:
        room = network.num_addresses - FIRST - 1
        for step in range(min(room, len(self._owners) + 1)):
            address = str(network[FIRST + (crc32(uid.encode()) + step) % room])
            if address not in self._owners:
                return address
        return ""

    def give_back(self, uid: str) -> None:
        for address in self._of.pop(uid, ()):
            del self._owners[address]


def of_node(node: Node) -> list[str]:
    """Its internal addresses."""
    return [each.address for each in node.status.addresses if each.type == "InternalIP"]
