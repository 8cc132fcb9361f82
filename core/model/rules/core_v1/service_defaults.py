"""Service defaults that depend on its type, and what an update carries over.

Addresses and node ports are given by the API server's allocator, between these defaults and the store; here is what can be
said without knowing which are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.model.kinds import JsonObject

Value = Mapping[str, Any]

AFFINITY_SECONDS: Final = 10800
WITH_NODE_PORTS: Final = ("NodePort", "LoadBalancer")
WITH_CLUSTER_IP: Final = ("ClusterIP", "NodePort", "LoadBalancer")
HEADLESS: Final = "None"


def default_service(obj: JsonObject) -> None:
    spec = obj.setdefault("spec", {})
    kind = spec.get("type")
    if spec.get("sessionAffinity") == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec.get("sessionAffinity") == "ClientIP" and not _affinity_timeout(spec):
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": AFFINITY_SECONDS}}
    for port in spec.get("ports") or ():
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if externally_accessible(spec) and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if kind in WITH_CLUSTER_IP and spec.get("internalTrafficPolicy") is None:
        spec["internalTrafficPolicy"] = "Cluster"
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is None:
        spec["allocateLoadBalancerNodePorts"] = True
        for ingress in _ingress(obj):
            if ingress.get("ip") and not ingress.get("ipMode"):
                ingress["ipMode"] = "VIP"
    for ingress in _ingress(obj):
        if kind == "LoadBalancer" and ingress.get("ip"):
            ingress.setdefault("ipMode", "VIP")


def _affinity_timeout(spec: Value) -> Any:
    return ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds")


def _ingress(obj: Value) -> list[JsonObject]:
    return ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []


def externally_accessible(spec: Value) -> bool:
    return spec.get("type") in WITH_NODE_PORTS or (spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs")))


def needs_health_check(spec: Value) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def is_headless(spec: Value) -> bool:
    addresses = spec.get("clusterIPs") or ()
    return (addresses[0] if addresses else spec.get("clusterIP")) == HEADLESS


def sync_cluster_ips(spec: JsonObject, old: Value | None = None) -> None:
    """``clusterIP`` is the first of ``clusterIPs``: whichever of the two was written decides."""
    if old is None:
        if spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        return
    first, others = spec.get("clusterIP") or "", list(spec.get("clusterIPs") or ())
    same_list = others == list(old.get("clusterIPs") or ())
    if first == (old.get("clusterIP") or ""):
        return
    if not first and same_list:
        spec.pop("clusterIPs", None)
    elif first and (not others or same_list):
        spec["clusterIPs"] = [first]


def carry_over(spec: JsonObject, old: Value) -> None:
    """Keep what was allocated before and is still needed, and drop what the new type has no use for."""
    _keep_allocated(spec, old)
    _drop_unused(spec, old)


def _keep_allocated(spec: JsonObject, old: Value) -> None:
    if spec.get("type") in WITH_CLUSTER_IP and old.get("type") in WITH_CLUSTER_IP:
        if not spec.get("clusterIP") and not spec.get("clusterIPs") and old.get("clusterIP"):
            spec["clusterIP"] = old["clusterIP"]
            spec["clusterIPs"] = list(old.get("clusterIPs") or [old["clusterIP"]])
        if not spec.get("clusterIPs") and old.get("clusterIPs") and spec.get("clusterIP") == old.get("clusterIP"):
            spec["clusterIPs"] = list(old["clusterIPs"])
        for word in ("ipFamilies", "ipFamilyPolicy"):
            if not spec.get(word) and old.get(word):
                spec[word] = old[word]
    if _needs_node_ports(spec) and _needs_node_ports(old):
        known = {(port.get("protocol"), port.get("port")): port.get("nodePort") for port in old.get("ports") or ()}
        used = {port.get("nodePort") for port in spec.get("ports") or ()}
        for port in spec.get("ports") or ():
            number = known.get((port.get("protocol"), port.get("port")))
            if not port.get("nodePort") and number and number not in used:
                port["nodePort"] = number
                used.add(number)
    if needs_health_check(spec) and needs_health_check(old) and not spec.get("healthCheckNodePort"):
        number = old.get("healthCheckNodePort")
        if number:
            spec["healthCheckNodePort"] = number


def _needs_node_ports(spec: Value) -> bool:
    if spec.get("type") == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return spec.get("type") == "NodePort"


def _drop_unused(spec: JsonObject, old: Value) -> None:
    """A value that the client did not touch goes with the type that needed it."""
    if spec.get("type") == "ExternalName" and old.get("type") != "ExternalName":
        for word in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
            _drop_unchanged(spec, old, word)
    if spec.get("type") not in WITH_NODE_PORTS and old.get("type") in WITH_NODE_PORTS:
        known = {(port.get("protocol"), port.get("port")): port.get("nodePort") for port in old.get("ports") or ()}
        for port in spec.get("ports") or ():
            if port.get("nodePort") and known.get((port.get("protocol"), port.get("port"))) == port["nodePort"]:
                del port["nodePort"]
    if needs_health_check(old) and not needs_health_check(spec):
        _drop_unchanged(spec, old, "healthCheckNodePort")
    if spec.get("type") != "LoadBalancer" and old.get("type") == "LoadBalancer":
        for word in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            _drop_unchanged(spec, old, word)
    if externally_accessible(old) and not externally_accessible(spec):
        _drop_unchanged(spec, old, "externalTrafficPolicy")


def _drop_unchanged(spec: JsonObject, old: Value, word: str) -> None:
    if word in spec and spec[word] == old.get(word):
        del spec[word]
