"""What a pod is asked to be."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.affinity import Affinity, Toleration, TopologySpreadConstraint
from sampan.core.model.core_v1.container import Container, EphemeralContainer
from sampan.core.model.core_v1.references import LocalObjectReference
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.core_v1.security import PodSecurityContext
from sampan.core.model.core_v1.volume import Volume
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, Quantity, model, wire


@model
class HostAlias:
    """A line of the pod's ``/etc/hosts``."""

    ip: str = wire(required=True, emit="always")
    """The address that the names stand for."""
    hostnames: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Names for the address."""


@model
class PodDNSConfigOption:
    """An option line of ``resolv.conf``."""

    name: str | None = None
    """The option's name, such as ``ndots``."""
    value: str | None = wire(default=None, keep_zero=True)
    """The option's value, for those that have one."""


@model
class PodDNSConfig:
    """The pod's ``resolv.conf`` beyond what its DNS policy gives."""

    nameservers: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Addresses of name servers, after those that ``dnsPolicy`` gives. At least one with the policy ``None``;
    at most 3 in all.
    """
    searches: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Domains to search, after those that ``dnsPolicy`` gives. At most 32 in all."""
    options: tuple[PodDNSConfigOption, ...] = wire(default=(), list_type="atomic")
    """Options of the resolver. One of the same name as ``dnsPolicy`` gives replaces it."""


@model
class PodReadinessGate:
    """A condition that must be true before the pod counts as ready."""

    condition_type: str = wire(required=True, emit="always")
    """The type of a condition in the pod's status that must be ``True``."""


@model
class PodOS:
    """The operating system of the pod's containers."""

    name: str = wire(required=True, emit="always")
    """``linux`` or ``windows``. Fields for the other system must then be left out."""


@model
class PodSchedulingGate:
    """Keeps the scheduler from looking at the pod."""

    name: str = wire(required=True, emit="always")
    """The gate's name, unique in the pod. Whoever put it there removes it."""


@model
class PodResourceClaim:
    """A device claim that containers may refer to."""

    name: str = wire(required=True, emit="always")
    """What containers call the claim (``resources.claims``). A lower-case DNS label, unique in the pod."""
    resource_claim_name: str | None = wire(default=None, keep_zero=True)
    """An existing ResourceClaim of the namespace. Either this or a template is given."""
    resource_claim_template_name: str | None = wire(default=None, keep_zero=True)
    """A template from which a ResourceClaim is made for the pod, and deleted with it."""


@model
class PodSchedulingGroup:
    """The group that the pod is scheduled with."""

    pod_group_name: str | None = wire(default=None, keep_zero=True)
    """The PodGroup of the namespace whose pods are scheduled together with this one."""


@model
class PodSpec:
    """A pod's desired state."""

    volumes: tuple[Volume, ...] = keyed("name", retain_keys=True)
    """Volumes that the containers can mount, each with a name of its own."""
    init_containers: tuple[Container, ...] = keyed("name")
    """Containers that run before the others, one after the other, each to its end.
    With ``restartPolicy: Always`` they keep running.
    """
    containers: tuple[Container, ...] = keyed("name", required=True, emit="null")
    """The pod's containers, at least one. They share its network, and none can be added or removed later."""
    ephemeral_containers: tuple[EphemeralContainer, ...] = keyed("name")
    """Containers for debugging a running pod.
    They are added through ``ephemeralcontainers`` (``kubectl debug``) and never restarted.
    """
    restart_policy: str | None = wire(default=None, api_default="Always", enum=("Always", "Never", "OnFailure"))
    """When containers that have ended are started again. Defaults to ``Always``, as deployments require."""
    termination_grace_period_seconds: int | None = wire(default=None, api_default=30, format="int64")
    """Seconds from the stop signal to the kill, for the stop hook too. Defaults to 30; 0 kills at once."""
    active_deadline_seconds: int | None = wire(default=None, format="int64")
    """Seconds from ``status.startTime`` after which the pod is stopped and counts as failed. Above 0;
    can be set or shortened later.
    """
    dns_policy: str | None = wire(
        default=None, api_default="ClusterFirst", enum=("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
    )
    """Where ``/etc/resolv.conf`` comes from: the cluster, the node, or ``dnsConfig`` alone.
    Defaults to ``ClusterFirst``.
    """
    node_selector: Mapping[str, str] = wire(default=EMPTY, map_type="atomic")
    """Labels that a node must have with exactly these values for the pod to run there."""
    service_account_name: str | None = None
    """The ServiceAccount that the pod acts as. Defaults to ``default``."""
    service_account: str | None = None
    """Older name of ``serviceAccountName``, kept the same as that."""
    automount_service_account_token: bool | None = None
    """Whether containers are given the account's API token. Defaults to what the ServiceAccount says, else to true."""
    node_name: str | None = None
    """The node that the pod runs on, set by the scheduler. If given at creation, no scheduler is asked."""
    host_network: bool = False
    """Whether the pod uses its node's network instead of one of its own. Defaults to false."""
    host_pid: bool = wire(default=False, name="hostPID")
    """Whether containers see all processes of the node. Not together with ``shareProcessNamespace``;
    defaults to false.
    """
    host_ipc: bool = wire(default=False, name="hostIPC")
    """Whether containers share the node's IPC namespace. Defaults to false."""
    share_process_namespace: bool | None = None
    """Whether containers see and can signal each other's processes. Defaults to false."""
    security_context: PodSecurityContext | None = wire(default=None, api_default={})
    """Security settings for all containers, and for the pod's volumes."""
    image_pull_secrets: tuple[LocalObjectReference, ...] = keyed("name")
    """Secrets of the namespace to pull the pod's images with."""
    hostname: str | None = None
    """The pod's host name, a DNS label. Defaults to the pod's name."""
    subdomain: str | None = None
    """Makes the pod's full name ``hostname.subdomain.namespace.svc.`` with the cluster's domain.
    Left out, it has none.
    """
    affinity: Affinity | None = None
    """Which nodes and pods the pod must or should be near, or away from."""
    scheduler_name: str | None = wire(default=None, api_default="default-scheduler")
    """The scheduler that places the pod. Defaults to ``default-scheduler``."""
    tolerations: tuple[Toleration, ...] = wire(default=(), list_type="atomic")
    """Taints that do not keep the pod off a node. They may be added to later."""
    host_aliases: tuple[HostAlias, ...] = keyed("ip")
    """Further lines for ``/etc/hosts`` of the containers."""
    priority_class_name: str | None = None
    """The PriorityClass that gives the pod its priority. Defaults to the cluster's default class, if there is one."""
    priority: int | None = wire(default=None, format="int32")
    """The pod's rank for scheduling, filled in from the priority class. The higher comes first."""
    dns_config: PodDNSConfig | None = None
    """Name servers, search domains and options in addition to those of ``dnsPolicy``."""
    readiness_gates: tuple[PodReadinessGate, ...] = wire(default=(), list_type="atomic")
    """Conditions that must be true, besides ready containers, before the pod counts as ready."""
    runtime_class_name: str | None = wire(default=None, keep_zero=True)
    """The RuntimeClass that says how containers are run. Left out, by the node's default."""
    enable_service_links: bool | None = None
    """Whether containers get variables for the namespace's services, such as ``NAME_SERVICE_HOST``.
    Defaults to true.
    """
    preemption_policy: str | None = wire(default=None, keep_zero=True, enum=("Never", "PreemptLowerPriority"))
    """Whether pods of lower priority are evicted to make room for this one. Defaults to ``PreemptLowerPriority``."""
    overhead: Mapping[str, Quantity] = EMPTY
    """What running the pod takes beyond its containers, filled in from its RuntimeClass and added to its requests."""
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = keyed("topologyKey", "whenUnsatisfiable")
    """How evenly pods like this one are spread over zones, nodes or other places. All of them apply."""
    set_hostname_as_fqdn: bool | None = wire(default=None, name="setHostnameAsFQDN")
    """Whether the host name that containers see is the full one, with subdomain and domain. Defaults to false."""
    os: PodOS | None = None
    """The operating system that the pod is for."""
    host_users: bool | None = None
    """Whether the pod uses the node's user IDs. False gives it a user namespace, so that root in it is nobody outside;
    defaults to true.
    """
    scheduling_gates: tuple[PodSchedulingGate, ...] = keyed("name")
    """While there are any, the pod is not scheduled. They are set at creation and can only be removed later."""
    resource_claims: tuple[PodResourceClaim, ...] = keyed("name", retain_keys=True)
    """Claims for devices that must be allocated before the pod starts. Immutable."""
    resources: ResourceRequirements | None = None
    """What the pod as a whole is promised and may use at most: ``cpu``, ``memory`` and huge pages only."""
    hostname_override: str | None = wire(default=None, keep_zero=True)
    """The host name that containers see, whatever the other fields say; DNS does not know it. Not with ``hostNetwork``;
    at most 64 characters.
    """
    scheduling_group: PodSchedulingGroup | None = None
    """The group of pods that this one is scheduled with. Immutable."""
