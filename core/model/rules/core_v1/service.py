"""Services: checks in Kubernetes' order (``ValidateService``), and what may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, forbidden, go_value, invalid, malformed, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.metadata import validate_labels
from sampan.core.model.rules.core_v1.probes import port_number_or_name
from sampan.core.model.rules.core_v1.service_defaults import (
    HEADLESS,
    WITH_CLUSTER_IP,
    carry_over,
    default_service,
    externally_accessible,
    is_headless,
    needs_health_check,
    sync_cluster_ips,
)
from sampan.core.model.rules.core_v1.service_ips import (
    ONCE,
    cluster_ip_changes,
    family_changes,
    special_address,
    validate_cluster_ips,
)
from sampan.core.model.rules.core_v1.service_warnings import service_warnings

Value = Mapping[str, Any]

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
AFFINITIES: Final = ("ClientIP", "None")
TRAFFIC_POLICIES: Final = ("Cluster", "Local")
DISTRIBUTIONS: Final = ("PreferClose", "PreferSameNode", "PreferSameZone")
MAX_AFFINITY: Final = 86400
PORT_FIELDS: Final = {"name": "", "protocol": "", "appProtocol": None, "port": 0, "targetPort": 0, "nodePort": 0}
LB_ONLY: Final = "may only be used when `type` is 'LoadBalancer'"


class ServiceRules(KindRules):
    changes_first = True

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return service_warnings(obj)

    def default(self, obj: JsonObject) -> None:
        default_service(obj)

    def prepare_create(self, obj: JsonObject) -> None:
        spec = obj.setdefault("spec", {})
        obj["status"] = {"loadBalancer": {}}
        sync_cluster_ips(spec)
        _without_inner_policy(spec)

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        if not subresource:
            sync_cluster_ips(obj["spec"], old["spec"])
            carry_over(obj["spec"], old["spec"])
            _without_inner_policy(obj["spec"])

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "status":
            return _load_balancer_status(obj)
        spec, before = obj.get("spec") or {}, old.get("spec") or {}
        causes = cluster_ip_changes(spec, before)
        causes += family_changes(spec, before)
        if spec.get("type") == before.get("type") == "LoadBalancer":
            if spec.get("loadBalancerClass") != before.get("loadBalancerClass"):
                causes.append(invalid("spec.loadBalancerClass", spec.get("loadBalancerClass"), ONCE))
        else:
            causes += _balancer_class(spec)
        checked = needs_health_check(spec) and needs_health_check(before)
        if checked and spec.get("healthCheckNodePort") != before.get("healthCheckNodePort"):
            causes.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
        return causes


def _without_inner_policy(spec: JsonObject) -> None:
    """A name elsewhere has no traffic of its own."""
    if spec.get("type") == "ExternalName":
        spec.pop("internalTrafficPolicy", None)


def validate_service(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    kind, ports = spec.get("type") or "", spec.get("ports") or ()
    causes = []
    if not ports and not is_headless(spec) and kind != "ExternalName":
        causes.append(required("spec.ports"))
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        words = f"may not be set to 'None' for {kind} services"
        causes.append(invalid("spec.clusterIPs[0]", HEADLESS, words))
    if kind == "ExternalName":
        causes += _external_name(spec)
    causes += _ports(ports)
    causes += validate_labels(spec.get("selector") or {}, "spec.selector")
    causes += _affinity(spec)
    if kind != "ExternalName":
        causes += validate_cluster_ips(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        where = f"spec.externalIPs[{index}]"
        causes += malformed(where, address, "ip") or special_address(address, where)
    if kind not in TYPES:
        causes.append(not_supported("spec.type", kind, TYPES) if kind else required("spec.type"))
    causes += _port_numbers(ports, kind)
    causes += _load_balancer(spec, kind)
    return causes + _traffic(spec, kind)


def _external_name(spec: Value) -> list[Cause]:
    words = "may not be set for ExternalName services"
    causes = [forbidden(f"spec.{word}", words) for word in ("clusterIPs", "ipFamilies") if spec.get(word)]
    if spec.get("ipFamilyPolicy") is not None:
        causes.append(forbidden("spec.ipFamilyPolicy", words))
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        return [*causes, required("spec.externalName")]
    return causes + malformed("spec.externalName", name, "dns1123-subdomain")


def _ports(ports: Sequence[Value]) -> list[Cause]:
    causes = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        where, name = f"spec.ports[{index}]", port.get("name") or ""
        if not name and len(ports) > 1:
            causes.append(required(f"{where}.name"))
        elif name:
            causes += malformed(f"{where}.name", name, "dns1123-label")
            if name in names:
                causes.append(duplicate(f"{where}.name", name))
            names.add(name)
        number = port.get("port") or 0
        causes += [invalid(f"{where}.port", number, problem) for problem in formats.port_number(number)]
        protocol = port.get("protocol") or ""
        if protocol not in PROTOCOLS:
            missing = required(f"{where}.protocol")
            causes.append(not_supported(f"{where}.protocol", protocol, PROTOCOLS) if protocol else missing)
        causes += port_number_or_name(port.get("targetPort", 0), f"{where}.targetPort")
        if port.get("appProtocol") is not None:
            causes += malformed(f"{where}.appProtocol", port["appProtocol"], "qualified-name")
    return causes


def _affinity(spec: Value) -> list[Cause]:
    kind, config, path = spec.get("sessionAffinity") or "", spec.get("sessionAffinityConfig"), "spec.sessionAffinity"
    if kind not in AFFINITIES:
        return [not_supported(path, kind, AFFINITIES) if kind else required(path)]
    where = f"{path}Config"
    if kind == "None":
        words = "must not be set when session affinity is None"
        return [] if config is None else [forbidden(where, words)]
    client = (config or {}).get("clientIP")
    seconds = (client or {}).get("timeoutSeconds")
    if seconds is None:
        missing = (
            where if config is None else f"{where}.clientIP" if client is None else f"{where}.clientIP.timeoutSeconds"
        )
        return [required(missing, "when session affinity type is ClientIP")]
    if not 0 < seconds <= MAX_AFFINITY:
        words = f"must be greater than 0 and less than {MAX_AFFINITY}"
        return [invalid(f"{where}.clientIP.timeoutSeconds", seconds, words)]
    return []


def _port_numbers(ports: Sequence[Value], kind: str) -> list[Cause]:
    causes = []
    if kind == "ClusterIP":
        words = "may not be used when `type` is 'ClusterIP'"
        causes += [
            forbidden(f"spec.ports[{i}].nodePort", words) for i, port in enumerate(ports) if port.get("nodePort")
        ]
    node_ports: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol"), port.get("nodePort"))
        if port.get("nodePort") and key in node_ports:
            causes.append(duplicate(f"spec.ports[{index}].nodePort", port["nodePort"]))
        node_ports.add(key)
    numbers: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol"), port.get("port"))
        if key in numbers:
            shown = go_value({"protocol": key[0], "port": key[1]}, PORT_FIELDS)
            causes.append(duplicate(f"spec.ports[{index}]", shown))
        numbers.add(key)
    return causes


def _load_balancer(spec: Value, kind: str) -> list[Cause]:
    causes = []
    ranges = spec.get("loadBalancerSourceRanges") or ()
    if ranges:
        where = "spec.LoadBalancerSourceRanges"
        if kind != "LoadBalancer":
            causes.append(forbidden(where, LB_ONLY))
        for index, value in enumerate(ranges):
            causes += malformed(f"{where}[{index}]", value.strip(), "cidr")
    allocates = spec.get("allocateLoadBalancerNodePorts")
    if allocates is not None and kind != "LoadBalancer":
        causes.append(forbidden("spec.allocateLoadBalancerNodePorts", LB_ONLY))
    if allocates is None and kind == "LoadBalancer":
        causes.append(required("allocateLoadBalancerNodePorts"))
    return causes + _balancer_class(spec)


def _balancer_class(spec: Value) -> list[Cause]:
    name = spec.get("loadBalancerClass")
    if name is None:
        return []
    if spec.get("type") != "LoadBalancer":
        return [forbidden("spec.loadBalancerClass", LB_ONLY)]
    return malformed("spec.loadBalancerClass", name, "qualified-name")


def _traffic(spec: Value, kind: str) -> list[Cause]:
    causes = _external_traffic(spec)
    number = spec.get("healthCheckNodePort") or 0
    if number and not needs_health_check(spec):
        words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        causes.append(invalid("spec.healthCheckNodePort", number, words))
    elif number:
        causes += [invalid("spec.healthCheckNodePort", number, problem) for problem in formats.port_number(number)]
    internal, path = spec.get("internalTrafficPolicy"), "spec.internalTrafficPolicy"
    if internal is None and kind in WITH_CLUSTER_IP:
        causes.append(required(path))
    elif internal is not None and internal not in TRAFFIC_POLICIES:
        causes.append(not_supported(path, internal, TRAFFIC_POLICIES))
    spread = spec.get("trafficDistribution")
    if spread is not None and spread not in DISTRIBUTIONS:
        causes.append(not_supported("spec.trafficDistribution", spread, DISTRIBUTIONS))
    return causes


def _external_traffic(spec: Value) -> list[Cause]:
    policy, path = spec.get("externalTrafficPolicy") or "", "spec.externalTrafficPolicy"
    if not externally_accessible(spec):
        words = "may only be set for externally-accessible services"
        return [invalid(path, policy, words)] if policy else []
    if not policy:
        return [required(path)]
    return [] if policy in TRAFFIC_POLICIES else [not_supported(path, policy, TRAFFIC_POLICIES)]


def _load_balancer_status(obj: Value) -> list[Cause]:
    ingresses = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    path = "status.loadBalancer.ingress"
    kind = (obj.get("spec") or {}).get("type")
    if ingresses and kind != "LoadBalancer":
        return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
    causes = []
    for index, ingress in enumerate(ingresses):
        where, mode = f"{path}[{index}]", ingress.get("ipMode")
        if ingress.get("ip"):
            causes += malformed(f"{where}.ip", ingress["ip"], "ip")
            if mode is None:
                causes.append(required(f"{where}.ipMode", "must be specified when `ip` is set"))
        elif mode is not None:
            causes.append(forbidden(f"{where}.ipMode", "may not be specified when `ip` is not set"))
        if mode is not None and mode not in ("Proxy", "VIP"):
            causes.append(not_supported(f"{where}.ipMode", mode, ("Proxy", "VIP")))
        if name := ingress.get("hostname"):
            causes += malformed(f"{where}.hostname", name, "dns1123-subdomain")
            if not malformed(where, name, "ip"):
                causes.append(invalid(f"{where}.hostname", name, "must be a DNS name, not an IP address"))
    return causes
