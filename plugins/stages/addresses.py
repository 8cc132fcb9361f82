"""Addresses for pods that nobody runs: of their node's range, none twice."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from zlib import crc32

from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod

FIRST = 10
"""The first addresses of a range are a gateway's and the like."""


class PodAddresses:
    """Kept in memory; what a restart has forgotten is in the pods' statuses."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._of: dict[str, str] = {}

    def take(self, pods: Iterable[Pod]) -> None:
        """What these pods have is theirs."""
        for pod in pods:
            if pod.status.pod_ip and not pod.spec.host_network:
                self._owners[pod.status.pod_ip] = pod.metadata.uid or ""
                self._of[pod.metadata.uid or ""] = pod.status.pod_ip

    def of(self, uid: str, node: Node) -> str:
        """The pod's own, or empty where its node has no range or none left."""
        if known := self._of.get(uid):
            return known
        if not node.spec.pod_cidr:
            return ""
        network = IPv4Network(node.spec.pod_cidr)
        room = network.num_addresses - FIRST - 1
        for step in range(max(room, 0)):
            address = str(IPv4Address(int(network.network_address) + FIRST + (crc32(uid.encode()) + step) % room))
            if address not in self._owners:
                self._owners[address] = uid
                self._of[uid] = address
                return address
        return ""

    def give_back(self, uid: str) -> None:
        if address := self._of.pop(uid, ""):
            del self._owners[address]


def of_node(node: Node) -> str:
    """Its internal address."""
    return next((each.address for each in node.status.addresses if each.type == "InternalIP"), "")
