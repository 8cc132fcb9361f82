"""NetworkPolicy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, malformed, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.addresses import network, range_warnings
from sampan.core.model.rules.common.selectors import validate_selector

Value = Mapping[str, Any]

PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
TYPES: Final = ("Ingress", "Egress")
PEERS: Final = (("ingress", "from"), ("egress", "to"))


class NetworkPolicyRules(KindRules):
    def default(self, obj: JsonObject) -> None:
        spec = obj.get("spec")
        if spec is not None and not spec.get("policyTypes"):
            spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        for block, path in _blocks(obj.get("spec") or {}):
            yield from range_warnings(block.get("cidr") or "", f"{path}.cidr")
            for index, text in enumerate(block.get("except") or ()):
                yield from range_warnings(text, f"{path}.except[{index}]")


def _blocks(spec: Value) -> Iterator[tuple[Value, str]]:
    for word, side in PEERS:
        for index, rule in enumerate(spec.get(word) or ()):
            for place, peer in enumerate(rule.get(side) or ()):
                if peer.get("ipBlock") is not None:
                    yield peer["ipBlock"], f"spec.{word}[{index}].{side}[{place}].ipBlock"


def validate_network_policy(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = list(validate_selector(spec.get("podSelector") or {}, "spec.podSelector"))
    for word, side in PEERS:
        for index, rule in enumerate(spec.get(word) or ()):
            where = f"spec.{word}[{index}]"
            for place, port in enumerate(rule.get("ports") or ()):
                causes += _port(port, f"{where}.ports[{place}]")
            for place, peer in enumerate(rule.get(side) or ()):
                causes += _peer(peer, f"{where}.{side}[{place}]")
    types = spec.get("policyTypes") or ()
    if len(types) > len(TYPES):
        return [*causes, invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
    return causes + [
        not_supported(f"spec.policyTypes[{index}]", each, TYPES)
        for index, each in enumerate(types)
        if each not in TYPES
    ]


def _port(value: Value, path: str) -> list[Cause]:
    protocol, port, end = value.get("protocol"), value.get("port"), value.get("endPort")
    causes = []
    if protocol is not None and protocol not in PROTOCOLS:
        causes.append(not_supported(f"{path}.protocol", protocol, PROTOCOLS))
    where = f"{path}.endPort"
    if port is None:
        words = "may not be specified when `port` is not specified"
        return [*causes, invalid(where, end, words)] if end is not None else causes
    if isinstance(port, str):
        if end is not None:
            causes.append(invalid(where, end, "may not be specified when `port` is non-numeric"))
        return causes + malformed(f"{path}.port", port, "port-name")
    causes += malformed(f"{path}.port", port, "port-number")
    if end is not None:
        if end < port:
            causes.append(invalid(where, port, "must be greater than or equal to `port`"))
        causes += malformed(where, end, "port-number")
    return causes


def _peer(peer: Value, path: str) -> list[Cause]:
    causes: list[Cause] = []
    given = [word for word in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(word) is not None]
    for word in given:
        where = f"{path}.{word}"
        causes += _block(peer[word], where) if word == "ipBlock" else validate_selector(peer[word], where)
    if not given:
        causes.append(required(path, "must specify a peer"))
    elif len(given) > 1 and "ipBlock" in given:
        causes.append(forbidden(path, "may not specify both ipBlock and another peer"))
    return causes


def _block(block: Value, path: str) -> list[Cause]:
    text = block.get("cidr") or ""
    if not text:
        return [required(f"{path}.cidr")]
    causes = malformed(f"{path}.cidr", text, "cidr")
    whole = network(text)
    for index, gap in enumerate(block.get("except") or ()):
        where = f"{path}.except[{index}]"
        if whole is None:
            break
        causes += malformed(where, gap, "cidr")
        part = network(gap)
        if part is not None and not _is_within(part, whole):
            causes.append(invalid(where, gap, "must be a strict subset of `cidr`"))
    return causes


def _is_within(
    part: ipaddress.IPv4Network | ipaddress.IPv6Network, whole: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    return part.network_address in whole and part.prefixlen > whole.prefixlen
