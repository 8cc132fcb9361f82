"""Endpoints and EndpointSlice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import changed, duplicate, invalid, malformed, not_supported, required, too_many
from sampan.core.model.kinds import Json, JsonObject, KindRules
from sampan.core.model.rules.service import PROTOCOLS, special_address

Value = Mapping[str, Any]

ADDRESS_TYPES: Final = ("FQDN", "IPv4", "IPv6")
MAX_ADDRESSES: Final = 100
MAX_ENDPOINTS: Final = 1000
MAX_PORTS: Final = 20000
MAX_HINTS: Final = 8
MANAGED_BY: Final = ("endpoints.kubernetes.io/managed-by", "endpointslice.kubernetes.io/managed-by")
API_SERVICE: Final = ("default", "kubernetes")


def _own(obj: Value) -> bool:
    """Written by the cluster itself: where it lives on one machine's loopback, so do its endpoints."""
    meta = obj.get("metadata") or {}
    labels = meta.get("labels") or {}
    return any(label in labels for label in MANAGED_BY) or (meta.get("namespace"), meta.get("name")) == API_SERVICE


class EndpointsRules(KindRules):
    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return ("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",)


def validate_endpoints(obj: Value, path: str) -> list[Cause]:
    causes = []
    own = _own(obj)
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
    if not malformed("", ip, "ip"):
        causes += special_address(ip, f"{path}.ip", loopback=loopback)
    return causes


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


class EndpointSliceRules(KindRules):
    revalidates_metadata = True

    def default(self, obj: JsonObject) -> None:
        for port in obj.get("ports") or ():
            port.setdefault("name", "")

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return changed("addressType", obj.get("addressType"), old.get("addressType"))

    def generation_input(self, obj: Mapping[str, Any]) -> Json:
        """All but the metadata that others than the writer change."""
        meta = obj.get("metadata") or {}
        return [obj.get("endpoints"), obj.get("ports"), obj.get("addressType"), meta.get("labels")]


def validate_endpoint_slice(obj: Value, path: str) -> list[Cause]:
    kind = obj.get("addressType") or ""
    causes = []
    if kind not in ADDRESS_TYPES:
        missing = required("addressType")
        causes.append(not_supported("addressType", kind, ADDRESS_TYPES) if kind else missing)
    causes += _endpoints(obj.get("endpoints") or (), kind, loopback=_own(obj))
    return causes + _slice_ports(obj.get("ports") or ())


def _endpoints(endpoints: Sequence[Value], kind: str, *, loopback: bool) -> list[Cause]:
    if len(endpoints) > MAX_ENDPOINTS:
        return [too_many("endpoints", len(endpoints), MAX_ENDPOINTS)]
    causes = []
    for index, endpoint in enumerate(endpoints):
        where, addresses = f"endpoints[{index}]", endpoint.get("addresses") or ()
        if not addresses:
            causes.append(required(f"{where}.addresses", "must contain at least 1 address"))
        elif len(addresses) > MAX_ADDRESSES:
            causes.append(too_many(f"{where}.addresses", len(addresses), MAX_ADDRESSES))
        for number, address in enumerate(addresses):
            causes += _slice_address(address, kind, f"{where}.addresses[{number}]", loopback=loopback)
        if endpoint.get("nodeName") is not None:
            causes += malformed(f"{where}.nodeName", endpoint["nodeName"], "dns1123-subdomain")
        if endpoint.get("hostname") is not None:
            causes += malformed(f"{where}.hostname", endpoint["hostname"], "dns1123-label")
        causes += _hints(endpoint.get("hints") or {}, f"{where}.hints")
    return causes


def _slice_address(address: str, kind: str, path: str, *, loopback: bool) -> list[Cause]:
    if kind == "FQDN":
        return malformed(path, address, "dns1123-subdomain")
    if kind not in ("IPv4", "IPv6"):
        return []
    found = malformed(path, address, "ip")
    if found:
        return found
    causes = []
    if ip_address(address).version != int(kind[-1]):
        causes.append(invalid(path, address, f"must be a valid {kind} address"))
    return causes + special_address(address, path, loopback=loopback)


def _hints(hints: Value, path: str) -> list[Cause]:
    zones = hints.get("forZones") or ()
    if len(zones) > MAX_HINTS:
        return [too_many(f"{path}.forZones", len(zones), MAX_HINTS)]
    causes = []
    seen: set[str] = set()
    for index, zone in enumerate(zones):
        name = zone.get("name") or ""
        if name in seen:
            causes.append(duplicate(f"{path}.forZones[{index}].name", name))
        seen.add(name)
        causes += malformed(f"{path}.forZones[{index}].name", name, "label-value")
    return causes


def _slice_ports(ports: Sequence[Value]) -> list[Cause]:
    if len(ports) > MAX_PORTS:
        return [too_many("ports", len(ports), MAX_PORTS)]
    causes = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        where, name, protocol = f"ports[{index}]", port.get("name") or "", port.get("protocol") or ""
        if name:
            causes += malformed(f"{where}.name", name, "dns1123-label")
        if name in names:
            causes.append(duplicate(f"{where}.name", name))
        names.add(name)
        if protocol not in PROTOCOLS:
            missing = required(f"{where}.protocol")
            causes.append(not_supported(f"{where}.protocol", protocol, PROTOCOLS) if protocol else missing)
        if (number := port.get("port")) is not None:
            causes += [invalid(f"{where}.port", number, problem) for problem in formats.port_number(number)]
        if port.get("appProtocol") is not None:
            causes += malformed(f"{where}.appProtocol", port["appProtocol"], "qualified-name")
    return causes
