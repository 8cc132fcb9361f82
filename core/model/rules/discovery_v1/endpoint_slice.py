"""EndpointSlice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import changed, duplicate, invalid, malformed, not_supported, required, too_many
from sampan.core.model.kinds import Json, JsonObject, KindRules
from sampan.core.model.rules.common.addresses import address_warnings
from sampan.core.model.rules.common.metadata import validate_labels
from sampan.core.model.rules.core_v1.endpoints import written_by_cluster
from sampan.core.model.rules.core_v1.service import PROTOCOLS
from sampan.core.model.rules.core_v1.service_ips import special_address

Value = Mapping[str, Any]

ADDRESS_TYPES: Final = ("FQDN", "IPv4", "IPv6")
MAX_ADDRESSES: Final = 100
MAX_ENDPOINTS: Final = 1000
MAX_PORTS: Final = 20000
MAX_HINTS: Final = 8
MAX_LABELS: Final = 16
FAMILIES: Final = {"IPv4": "ip", "IPv6": "canonical-ip"}
"""How the addresses of each family must be written."""
HINTS: Final = {"forZones": "label-value", "forNodes": "dns1123-subdomain"}


class EndpointSliceRules(KindRules):
    revalidates_metadata = 1
    rechecks_changes = False

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        if obj.get("addressType") == "FQDN":
            yield "spec.addressType: FQDN endpoints are deprecated"
            return
        for index, endpoint in enumerate(obj.get("endpoints") or ()):
            for number, text in enumerate(endpoint.get("addresses") or ()):
                yield from address_warnings(text, f"endpoints[{index}].addresses[{number}]")

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
    causes += _slice_ports(obj.get("ports") or ())
    return causes + _endpoints(obj.get("endpoints") or (), kind, loopback=written_by_cluster(obj))


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
            causes += _slice_address(address, kind, f"{where}.addresses", number, loopback=loopback)
        if endpoint.get("nodeName") is not None:
            causes += malformed(f"{where}.nodeName", endpoint["nodeName"], "dns1123-subdomain")
        causes += _topology(endpoint.get("deprecatedTopology") or {}, f"{where}.deprecatedTopology")
        if endpoint.get("hostname") is not None:
            causes += malformed(f"{where}.hostname", endpoint["hostname"], "dns1123-label")
        causes += _hints(endpoint.get("hints") or {}, f"{where}.hints")
    return causes


def _topology(labels: Mapping[str, str], path: str) -> list[Cause]:
    causes = [too_many(path, len(labels), MAX_LABELS)] if len(labels) > MAX_LABELS else []
    return causes + validate_labels(labels, path)


def _slice_address(address: str, kind: str, path: str, number: int, *, loopback: bool) -> list[Cause]:
    """``path`` is the list's: there Kubernetes reports an address of another family."""
    where = f"{path}[{number}]"
    if kind == "FQDN":
        return _domain(address, where)
    if kind not in FAMILIES:
        return []
    if found := malformed(where, address, FAMILIES[kind]):
        return found
    causes = []
    if ip_address(address).version != int(kind[-1]):
        causes.append(invalid(path, address, f"must be an {kind} address"))
    return causes + special_address(address, where, loopback=loopback)


def _domain(name: str, path: str) -> list[Cause]:
    """A name with at least two labels; each finding ends the search."""
    if not name:
        return [required(path)]
    name = name.removesuffix(".")
    if problems := formats.dns1123_subdomain(name):
        return [invalid(path, name, ",".join(problems))]
    labels = name.split(".")
    if len(labels) < 2:
        return [invalid(path, name, "should be a domain with at least two segments separated by dots")]
    wrong = next((label for label in labels if formats.dns1123_label(label)), None)
    return [] if wrong is None else [invalid(path, wrong, ",".join(formats.dns1123_label(wrong)))]


def _hints(hints: Value, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for word, form in HINTS.items():
        given, names = hints.get(word) or (), set[str]()
        if len(given) > MAX_HINTS:
            return [*causes, too_many(f"{path}.{word}", len(given), MAX_HINTS)]
        for index, hint in enumerate(given):
            where, name = f"{path}.{word}[{index}].name", hint.get("name") or ""
            if name in names:
                causes.append(duplicate(where, name))
            names.add(name)
            causes += malformed(where, name, form)
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
            causes.append(not_supported(f"{where}.protocol", protocol, PROTOCOLS))
        if port.get("appProtocol") is not None:
            causes += malformed(f"{where}.appProtocol", port["appProtocol"], "qualified-name")
    return causes
