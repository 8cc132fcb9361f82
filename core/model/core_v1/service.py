"""Service."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.services import SERVICE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, IntOrString, model, wire
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.rules.service import ServiceRules, validate_service


@model
class ClientIPConfig:
    """How long one client keeps its pod."""

    timeout_seconds: int | None = wire(default=None, format="int32")


@model
class SessionAffinityConfig:
    """Settings of session affinity."""

    client_ip: ClientIPConfig | None = wire(default=None, name="clientIP")


@model
class ServicePort:
    """A port of the service and where it leads."""

    name: str | None = None
    protocol: str | None = wire(default=None, api_default="TCP", enum=("SCTP", "TCP", "UDP"))
    app_protocol: str | None = wire(default=None, keep_zero=True)
    port: int = wire(required=True, emit="always", format="int32")
    target_port: IntOrString | None = None
    node_port: int = wire(default=0, format="int32")


@model
class PortStatus:
    """What became of a load balancer's port."""

    port: int = wire(required=True, emit="always", format="int32")
    protocol: str = wire(required=True, emit="always", enum=("SCTP", "TCP", "UDP"))
    error: str | None = wire(default=None, keep_zero=True)


@model
class LoadBalancerIngress:
    """Where a load balancer is reached."""

    ip: str | None = None
    hostname: str | None = None
    ip_mode: str | None = wire(default=None, keep_zero=True)
    ports: tuple[PortStatus, ...] = wire(default=(), list_type="atomic")


@model
class LoadBalancerStatus:
    """Where the service is reached from outside."""

    ingress: tuple[LoadBalancerIngress, ...] = wire(default=(), list_type="atomic")


@model
class ServiceSpec:
    """Which pods are served, and how they are reached."""

    ports: tuple[ServicePort, ...] = keyed("port", "protocol")
    selector: Mapping[str, str] = wire(default=EMPTY, map_type="atomic")
    cluster_ip: str | None = wire(default=None, name="clusterIP")
    cluster_ips: tuple[str, ...] = wire(default=(), name="clusterIPs", list_type="atomic")
    type: str | None = wire(
        default=None, api_default="ClusterIP", enum=("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    )
    external_ips: tuple[str, ...] = wire(default=(), name="externalIPs", list_type="atomic")
    session_affinity: str | None = wire(default=None, api_default="None", enum=("ClientIP", "None"))
    load_balancer_ip: str | None = wire(default=None, name="loadBalancerIP")
    load_balancer_source_ranges: tuple[str, ...] = wire(default=(), list_type="atomic")
    external_name: str | None = None
    external_traffic_policy: str | None = wire(default=None, enum=("Cluster", "Local"))
    health_check_node_port: int = wire(default=0, format="int32")
    publish_not_ready_addresses: bool = False
    session_affinity_config: SessionAffinityConfig | None = None
    ip_families: tuple[str, ...] = wire(default=(), enum=("", "IPv4", "IPv6"), list_type="atomic")
    ip_family_policy: str | None = wire(
        default=None, keep_zero=True, enum=("PreferDualStack", "RequireDualStack", "SingleStack")
    )
    allocate_load_balancer_node_ports: bool | None = None
    load_balancer_class: str | None = wire(default=None, keep_zero=True)
    internal_traffic_policy: str | None = wire(default=None, keep_zero=True, enum=("Cluster", "Local"))
    traffic_distribution: str | None = wire(default=None, keep_zero=True)


@model
class ServiceStatus:
    """What became of the service."""

    load_balancer: LoadBalancerStatus = wire(default=LoadBalancerStatus(), emit="always")
    conditions: tuple[Condition, ...] = keyed("type")


@kind(
    "v1",
    plural="services",
    short_names=("svc",),
    categories=("all",),
    has_status=True,
    subresources=("proxy",),
    delete_answers_object=True,
    create_on_update=True,
    storage_prefix="services/specs",
    name_format="dns1123-label",
    selectable_fields=("spec.clusterIP", "spec.type"),
    columns=SERVICE_COLUMNS,
    rules=ServiceRules(),
)
@model
class Service(KubeObject):
    """One stable address for a group of pods."""

    spec: ServiceSpec = wire(default=ServiceSpec(), emit="always")
    status: ServiceStatus = wire(default=ServiceStatus(), emit="always")


struct_rules(Service, whole=True)(validate_service)
