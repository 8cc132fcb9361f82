"""What is odd about a Service, though it is valid: fields of the past, and such as nothing looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sampan.core.model.rules.common.addresses import address_warnings, range_warnings

Value = Mapping[str, Any]

OLD_HINTS: Final = "service.kubernetes.io/topology-aware-hints"
HINTS: Final = "service.kubernetes.io/topology-mode"
OUTSIDE: Final = "spec.externalIPs is deprecated and may no longer be implemented in some clusters"


def service_warnings(service: Value) -> Iterator[str]:
    spec = service.get("spec") or {}
    if OLD_HINTS in (service["metadata"].get("annotations") or {}):
        yield f"annotation {OLD_HINTS} is deprecated, please use {HINTS} instead"
    is_name = spec.get("type") == "ExternalName"
    headless = spec.get("type") == "ClusterIP" and spec.get("clusterIP") == "None"
    outside = spec.get("externalIPs") or ()
    if not is_name and not headless:
        yield from _addresses(spec.get("clusterIPs") or (), "spec.clusterIPs")
    if headless:
        yield from _ignored_without_address(spec)
    yield from _addresses(outside, "spec.externalIPs")
    if outside and not headless and not is_name:
        yield OUTSIDE
    yield from address_warnings(spec.get("loadBalancerIP") or "", "spec.loadBalancerIP")
    for index, text in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        yield from range_warnings(text, f"spec.loadBalancerSourceRanges[{index}]")
    if is_name and outside:
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if not is_name and spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _ignored_without_address(spec: Value) -> Iterator[str]:
    for word in ("loadBalancerIP", "externalIPs"):
        if spec.get(word):
            yield f"spec.{word} is ignored for headless services"
    if spec.get("sessionAffinity") != "None":
        yield "spec.SessionAffinity is ignored for headless services"


def _addresses(texts: Any, path: str) -> Iterator[str]:
    for index, text in enumerate(texts):
        yield from address_warnings(text, f"{path}[{index}]")
