"""Service."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.core_v1.service import SERVICE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, IntOrString, model, wire
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.rules.core_v1.service import ServiceRules, validate_service
from sampan.core.model.storage import Stored


@model
class ClientIPConfig:
    """How long one client keeps its pod."""

    timeout_seconds: int | None = wire(default=None, format="int32")
    """Seconds after its last connection that a client keeps its pod, 1 to 86400. Defaults to 10800, three hours."""


@model
class SessionAffinityConfig:
    """Settings of session affinity."""

    client_ip: ClientIPConfig | None = wire(default=None, name="clientIP")
    """Settings of the affinity ``ClientIP``."""


@model
class ServicePort:
    """A port of the service and where it leads."""

    name: str | None = None
    """The port's name, a DNS label, unique in the service. Needed where there are several ports."""
    protocol: str | None = wire(default=None, api_default="TCP", enum=("SCTP", "TCP", "UDP"))
    """The transport protocol. Defaults to ``TCP``."""
    app_protocol: str | None = wire(default=None, keep_zero=True)
    """What is spoken on the port, for clients and proxies: an IANA name, or one with a prefix such as
    ``kubernetes.io/h2c``.
    """
    port: int = wire(required=True, emit="always", format="int32")
    """The port of the service's own address, 1 to 65535."""
    target_port: IntOrString | None = None
    """The port of the pods: a number, or the name of a container's port. Defaults to ``port``."""
    node_port: int = wire(default=0, format="int32")
    """The port of every node that leads here, for the types ``NodePort`` and ``LoadBalancer``.
    Chosen by the server if left out.
    """


@model
class PortStatus:
    """What became of a load balancer's port."""

    port: int = wire(required=True, emit="always", format="int32")
    """The load balancer's port."""
    protocol: str = wire(required=True, emit="always", enum=("SCTP", "TCP", "UDP"))
    """The port's transport protocol."""
    error: str | None = wire(default=None, keep_zero=True)
    """What went wrong with the port, as one word such as ``example.com/NoQuota``. Empty if nothing did."""


@model
class LoadBalancerIngress:
    """Where a load balancer is reached."""

    ip: str | None = None
    """The load balancer's address, if it has one."""
    hostname: str | None = None
    """The load balancer's name in DNS, if it has one."""
    ip_mode: str | None = wire(default=None, keep_zero=True)
    """Whether traffic comes in for the load balancer's address (``VIP``) or for the node's or pod's (``Proxy``).
    Defaults to ``VIP``.
    """
    ports: tuple[PortStatus, ...] = wire(default=(), list_type="atomic")
    """What became of each of the load balancer's ports."""


@model
class LoadBalancerStatus:
    """Where the service is reached from outside."""

    ingress: tuple[LoadBalancerIngress, ...] = wire(default=(), list_type="atomic")
    """The points through which traffic comes in. Empty until the load balancer is there."""


@model
class ServiceSpec:
    """Which pods are served, and how they are reached."""

    ports: tuple[ServicePort, ...] = keyed("port", "protocol")
    """The ports that the service offers."""
    selector: Mapping[str, str] = wire(default=EMPTY, map_type="atomic")
    """Labels of the pods that are served. Without any, endpoints are written by somebody else."""
    cluster_ip: str | None = wire(default=None, name="clusterIP")
    """The service's address. Chosen by the server if empty; ``None`` gives none (headless: DNS names the pods).
    Immutable for most types.
    """
    cluster_ips: tuple[str, ...] = wire(default=(), name="clusterIPs", list_type="atomic")
    """The service's addresses, one for each of ``ipFamilies``, at most two. The first is ``clusterIP``."""
    type: str | None = wire(
        default=None, api_default="ClusterIP", enum=("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    )
    """How the service is reached: inside the cluster, by a port of each node, by a load balancer, or as another DNS
    name. Defaults to ``ClusterIP``.
    """
    external_ips: tuple[str, ...] = wire(default=(), name="externalIPs", list_type="atomic")
    """Further addresses whose traffic nodes accept for the service. The cluster does not route them;
    deprecated as unsafe.
    """
    session_affinity: str | None = wire(default=None, api_default="None", enum=("ClientIP", "None"))
    """Whether connections of one client go to the same pod, told by its address. Defaults to ``None``."""
    load_balancer_ip: str | None = wire(default=None, name="loadBalancerIP")
    """Deprecated, and ignored by many providers: the address that the load balancer should have."""
    load_balancer_source_ranges: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Address ranges (CIDR) whose clients the load balancer lets in. Left out, everybody."""
    external_name: str | None = None
    """The DNS name that the service stands for, as an alias (CNAME).
    For the type ``ExternalName`` alone, which needs it.
    """
    external_traffic_policy: str | None = wire(default=None, enum=("Cluster", "Local"))
    """Whether outside traffic stays on the node that it came to and keeps its client's address (``Local``).
    Defaults to ``Cluster``.
    """
    health_check_node_port: int = wire(default=0, format="int32")
    """The node port where load balancers ask whether the node has pods. Only with ``LoadBalancer`` and ``Local``;
    immutable.
    """
    publish_not_ready_addresses: bool = False
    """Whether pods count as endpoints before they are ready, as peers of a StatefulSet may need. Defaults to false."""
    session_affinity_config: SessionAffinityConfig | None = None
    """Settings of ``sessionAffinity``."""
    ip_families: tuple[str, ...] = wire(default=(), enum=("", "IPv4", "IPv6"), list_type="atomic")
    """The IP families of the service's addresses, in order, at most two. Defaults to what the cluster has;
    the first is immutable.
    """
    ip_family_policy: str | None = wire(
        default=None, keep_zero=True, enum=("PreferDualStack", "RequireDualStack", "SingleStack")
    )
    """Whether the service has addresses of one IP family or of both. Defaults to ``SingleStack``."""
    allocate_load_balancer_node_ports: bool | None = None
    """Whether the type ``LoadBalancer`` gets node ports too. Defaults to true."""
    load_balancer_class: str | None = wire(default=None, keep_zero=True)
    """Who makes the load balancer, such as ``example.com/internal-vip``. Left out, the cluster's default;
    immutable once set.
    """
    internal_traffic_policy: str | None = wire(default=None, keep_zero=True, enum=("Cluster", "Local"))
    """Whether traffic from pods goes to pods of the same node alone (``Local``). Defaults to ``Cluster``."""
    traffic_distribution: str | None = wire(default=None, keep_zero=True)
    """Which endpoints are preferred: ``PreferSameZone``, ``PreferSameNode`` or ``PreferClose``,
    the older name of the first.
    """


@model
class ServiceStatus:
    """What became of the service."""

    load_balancer: LoadBalancerStatus = wire(default=LoadBalancerStatus(), emit="always")
    """Where the service is reached from outside."""
    conditions: tuple[Condition, ...] = keyed("type")
    """Statements about the service, one per type."""


@kind(
    "v1",
    plural="services",
    short_names=("svc",),
    categories=("all",),
    has_status=True,
    subresources=("proxy",),
    delete_answers_object=True,
    create_on_update=True,
    storage=Stored(folder="services/specs"),
    keeper="service-addresses",
    name_format="dns1123-label",
    selectable_fields=("spec.clusterIP", "spec.type"),
    columns=SERVICE_COLUMNS,
    rules=ServiceRules(),
)
@model
class Service(KubeObject):
    """One stable address for a group of pods."""

    spec: ServiceSpec = wire(default=ServiceSpec(), emit="always")
    """Which pods are served and how they are reached."""
    status: ServiceStatus = wire(default=ServiceStatus(), emit="always")
    """What became of the service. Written by the server and by the maker of its load balancer."""


struct_rules(Service, whole=True)(validate_service)
