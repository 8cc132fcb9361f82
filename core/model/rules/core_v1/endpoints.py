"""Endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.address_formats import read_address
from sampan.core.model.causes import invalid, malformed, not_supported, required
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.core_v1.service import PROTOCOLS
from sampan.core.model.rules.core_v1.service_ips import special_address

Value = Mapping[str, Any]

MANAGED_BY: Final = ("endpoints.kubernetes.io/managed-by", "endpointslice.kubernetes.io/managed-by")
API_SERVICE: Final = ("default", "kubernetes")


def written_by_cluster(obj: Value) -> bool:
    """Written by the cluster itself: where it lives on one machine's loopback, so do its endpoints."""
    meta = obj.get("metadata") or {}
    labels = meta.get("labels") or {}
    return any(label in labels for label in MANAGED_BY) or (meta.get("namespace"), meta.get("name")) == API_SERVICE


class EndpointsRules(KindRules):
    revalidates_metadata = 1


def validate_endpoints(obj: Value, path: str) -> list[Cause]:
    causes = []
    own = written_by_cluster(obj)
    for index, subset in enumerate(obj.get("subsets") or ()):
        where = f"subsets[{index}]"
        addresses, waiting = subset.get("addresses") or (), subset.get("notReadyAddresses") or ()
        if not addresses and not waiting:
            causes.append(required(where, "must specify `addresses` or `notReadyAddresses`"))
        for word, group in (("addresses", addresses), ("notReadyAddresses", waiting)):
            for number, address in enumerate(group):
                causes += _address(address, f"{where}.{word}[{number}]", loopback=own)
        ports = subset.get("ports") or ()
        for number, port in enumerate(ports):
            causes += _port(port, len(ports) > 1, f"{where}.ports[{number}]")
    return causes


def _address(address: Value, path: str, *, loopback: bool) -> list[Cause]:
    ip = address.get("ip") or ""
    causes = malformed(f"{path}.ip", ip, "ip")
    if address.get("hostname"):
        causes += malformed(f"{path}.hostname", address["hostname"], "dns1123-label")
    if address.get("nodeName") is not None:
        causes += malformed(f"{path}.nodeName", address["nodeName"], "dns1123-subdomain")
    if read_address(ip) is None:
        return [*causes, invalid(f"{path}.ip", ip, "must be a valid IP address")]
    return causes + special_address(ip, f"{path}.ip", loopback=loopback)


def _port(port: Value, needs_name: bool, path: str) -> list[Cause]:
    causes = []
    name, protocol = port.get("name") or "", port.get("protocol") or ""
    if needs_name and not name:
        causes.append(required(f"{path}.name"))
    elif name:
        causes += malformed(f"{path}.name", name, "dns1123-label")
    number = port.get("port") or 0
    causes += [invalid(f"{path}.port", number, problem) for problem in formats.port_number(number)]
    if protocol not in PROTOCOLS:
        missing = required(f"{path}.protocol")
        causes.append(not_supported(f"{path}.protocol", protocol, PROTOCOLS) if protocol else missing)
    if port.get("appProtocol") is not None:
        causes += malformed(f"{path}.appProtocol", port["appProtocol"], "qualified-name")
    return causes
