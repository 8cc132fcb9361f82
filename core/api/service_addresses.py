"""Cluster addresses and node ports of Services: handed out, taken back, and never twice.

What is taken is read from the Services themselves at start, so nothing else needs to be stored. Called by the write
pipeline on the API server's loop: a claim is made before a Service is stored and undone when that fails.
https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/ has the rule for the two halves of the range.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Final

from sampan.core.api.catalog import Catalog
from sampan.core.errors import Cause, InternalError, Invalid
from sampan.core.model.causes import invalid

NODE_PORTS: Final = range(30000, 32768)
FAMILY: Final = {4: "IPv4", 6: "IPv6"}

Wire = Mapping[str, Any]
MutableWire = MutableMapping[str, Any]
Holding = tuple[str, str | int]
"""``("ip", "10.0.0.7")`` or ``("TCP", 30123)``."""


class ServiceAddresses:
    """The `Keeper` of Services. ``cidr`` is the range of cluster addresses."""

    def __init__(self, cidr: str, catalog: Catalog, *, chooser: random.Random | None = None) -> None:
        self._network = ipaddress.ip_network(cidr)
        self._catalog = catalog
        self._chooser = chooser or random.Random()
        self._taken: set[Holding] = set()

    def load(self) -> None:
        """Take note of what the stored Services have."""
        served = self._catalog.of_resource("services")
        if served is not None:
            for entry in served.entries.list():
                self._taken.update(holdings(entry.wire))

    def claim(self, obj: MutableWire, old: Wire | None) -> Callable[[], None]:
        """Fill in addresses and ports that ``obj`` leaves open, and reserve those that it names.

        What an update leaves out and keeps has been carried over by the kind's rules already.
        """
        kept = set(holdings(old)) if old else set()
        claimed: list[Holding] = []

        def undo() -> None:
            self._taken.difference_update(claimed)

        try:
            spec = obj.setdefault("spec", {})
            if not _moves(spec, old):
                self._claim_address(obj, spec, kept, claimed)
            self._claim_ports(obj, spec, kept, claimed)
            self._claim_health_port(obj, spec, kept, claimed)
        except BaseException:
            undo()
            raise
        return undo

    def settle(self, obj: Wire, old: Wire | None) -> None:
        if old is not None:
            self._taken.difference_update(set(holdings(old)) - set(holdings(obj)))

    def release(self, obj: Wire) -> None:
        self._taken.difference_update(holdings(obj))

    def _claim_address(self, obj: Wire, spec: MutableWire, kept: set[Holding], claimed: list[Holding]) -> None:
        if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
            return
        address = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or []), "")
        if not address:
            address = self._free_address()
        elif ("ip", address) not in kept:
            self._check_address(obj, address)
        self._take(("ip", address), kept, claimed)
        spec["clusterIP"] = address
        spec["clusterIPs"] = [address]
        spec.setdefault("ipFamilies", [FAMILY[self._network.version]])
        spec.setdefault("ipFamilyPolicy", "SingleStack")

    def _check_address(self, obj: Wire, address: str) -> None:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return  # validation says so
        if parsed not in self._network:
            said = f"failed to allocate IP {address}: the provided network does not match the current range"
            raise _refused(obj, said)
        if ("ip", address) in self._taken:
            raise _refused(obj, f"failed to allocate IP {address}: provided IP is already allocated")

    def _free_address(self) -> str:
        """A random free one from the upper part of the range, where static addresses are not expected; else any."""
        size = self._network.num_addresses
        static = min(max(size // 16, 16), 256)
        for low, high in ((static, size - 1), (1, static)):
            if high <= low:
                continue
            start = self._chooser.randrange(low, high)
            for offset in range(high - low):
                address = str(self._network[low + (start - low + offset) % (high - low)])
                if ("ip", address) not in self._taken:
                    return address
        raise InternalError("failed to allocate a serviceIP: range is full")

    def _claim_ports(self, obj: Wire, spec: MutableWire, kept: set[Holding], claimed: list[Holding]) -> None:
        if not _has_node_ports(spec):
            return
        for index, port in enumerate(spec.get("ports") or ()):
            protocol, wanted = port.get("protocol", "TCP"), port.get("nodePort", 0)
            holding = (protocol, wanted)
            if not wanted:
                port["nodePort"] = self._free_port(protocol)
                holding = (protocol, port["nodePort"])
            elif holding not in kept and holding not in claimed:
                self._check_port(obj, holding, f"spec.ports[{index}].nodePort")
            self._take(holding, kept, claimed)

    def _claim_health_port(self, obj: Wire, spec: MutableWire, kept: set[Holding], claimed: list[Holding]) -> None:
        """Where a load balancer asks whether this node has pods of the Service."""
        if spec.get("type") != "LoadBalancer" or spec.get("externalTrafficPolicy") != "Local":
            return
        port = spec.get("healthCheckNodePort") or 0
        if not port:
            port = spec["healthCheckNodePort"] = self._free_port("TCP")
        elif ("TCP", port) not in kept:
            self._check_port(obj, ("TCP", port), "spec.healthCheckNodePort")
        self._take(("TCP", port), kept, claimed)

    def _check_port(self, obj: Wire, holding: Holding, path: str) -> None:
        if holding[1] not in NODE_PORTS:
            said = "provided port is not in the valid range."
            raise _invalid(obj, invalid(path, holding[1], f"{said} The range of valid ports is 30000-32767"))
        if holding in self._taken:
            raise _invalid(obj, invalid(path, holding[1], "provided port is already allocated"))

    def _free_port(self, protocol: str) -> int:
        """Free for every protocol, so that a port of another protocol can be added later under the same number."""
        start = self._chooser.randrange(len(NODE_PORTS))
        for offset in range(len(NODE_PORTS)):
            port = NODE_PORTS[(start + offset) % len(NODE_PORTS)]
            if not any((each, port) in self._taken for each in ("TCP", "UDP", "SCTP")):
                return port
        raise InternalError("failed to allocate a nodePort: range is full")

    def _take(self, holding: Holding, kept: set[Holding], claimed: list[Holding]) -> None:
        if holding not in kept and holding not in self._taken:
            self._taken.add(holding)
            claimed.append(holding)


def holdings(service: Wire | None) -> Iterator[Holding]:
    """What a Service has."""
    spec = (service or {}).get("spec", {})
    for address in spec.get("clusterIPs") or [spec.get("clusterIP", "")]:
        if address and address != "None":
            yield ("ip", address)
    for port in spec.get("ports") or ():
        if port.get("nodePort"):
            yield (port.get("protocol", "TCP"), port["nodePort"])
    if spec.get("healthCheckNodePort"):
        yield ("TCP", spec["healthCheckNodePort"])


def _has_node_ports(spec: Wire) -> bool:
    if spec.get("type") == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return spec.get("type") == "NodePort"


def _moves(spec: Wire, old: Wire | None) -> bool:
    """Whether an update wants another address than the Service has: validation refuses that in its own words."""
    had = (old or {}).get("spec", {}).get("clusterIP", "")
    wanted = spec.get("clusterIP", "")
    return (
        spec.get("type") != "ExternalName" and "" not in (had, wanted) and "None" not in (had, wanted) and had != wanted
    )


def _refused(obj: Wire, said: str) -> Invalid:
    return _invalid(obj, invalid("spec.clusterIPs", obj.get("spec", {}).get("clusterIPs"), said))


def _invalid(obj: Wire, cause: Cause) -> Invalid:
    name = obj["metadata"].get("name", "")
    message = f'Service "{name}" is invalid: {cause.field}: {cause.message}'
    return Invalid(message, kind="Service", name=name, causes=[cause])
