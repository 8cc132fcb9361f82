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
    hostnames: tuple[str, ...] = wire(default=(), list_type="atomic")


@model
class PodDNSConfigOption:
    """An option line of ``resolv.conf``."""

    name: str | None = None
    value: str | None = wire(default=None, keep_zero=True)


@model
class PodDNSConfig:
    """The pod's ``resolv.conf`` beyond what its DNS policy gives."""

    nameservers: tuple[str, ...] = wire(default=(), list_type="atomic")
    searches: tuple[str, ...] = wire(default=(), list_type="atomic")
    options: tuple[PodDNSConfigOption, ...] = wire(default=(), list_type="atomic")


@model
class PodReadinessGate:
    """A condition that must be true before the pod counts as ready."""

    condition_type: str = wire(required=True, emit="always")


@model
class PodOS:
    """The operating system of the pod's containers."""

    name: str = wire(required=True, emit="always")


@model
class PodSchedulingGate:
    """Keeps the scheduler from looking at the pod."""

    name: str = wire(required=True, emit="always")


@model
class PodResourceClaim:
    """A device claim that containers may refer to."""

    name: str = wire(required=True, emit="always")
    resource_claim_name: str | None = wire(default=None, keep_zero=True)
    resource_claim_template_name: str | None = wire(default=None, keep_zero=True)


@model
class PodSchedulingGroup:
    """The group that the pod is scheduled with."""

    pod_group_name: str | None = wire(default=None, keep_zero=True)


@model
class PodSpec:
    """A pod's desired state."""

    volumes: tuple[Volume, ...] = keyed("name", retain_keys=True)
    init_containers: tuple[Container, ...] = keyed("name")
    containers: tuple[Container, ...] = keyed("name", required=True, emit="null")
    ephemeral_containers: tuple[EphemeralContainer, ...] = keyed("name")
    restart_policy: str | None = wire(default=None, api_default="Always", enum=("Always", "Never", "OnFailure"))
    termination_grace_period_seconds: int | None = wire(default=None, api_default=30, format="int64")
    active_deadline_seconds: int | None = wire(default=None, format="int64")
    dns_policy: str | None = wire(
        default=None, api_default="ClusterFirst", enum=("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
    )
    node_selector: Mapping[str, str] = wire(default=EMPTY, map_type="atomic")
    service_account_name: str | None = None
    service_account: str | None = None
    automount_service_account_token: bool | None = None
    node_name: str | None = None
    host_network: bool = False
    host_pid: bool = wire(default=False, name="hostPID")
    host_ipc: bool = wire(default=False, name="hostIPC")
    share_process_namespace: bool | None = None
    security_context: PodSecurityContext | None = wire(default=None, api_default={})
    image_pull_secrets: tuple[LocalObjectReference, ...] = keyed("name")
    hostname: str | None = None
    subdomain: str | None = None
    affinity: Affinity | None = None
    scheduler_name: str | None = wire(default=None, api_default="default-scheduler")
    tolerations: tuple[Toleration, ...] = wire(default=(), list_type="atomic")
    host_aliases: tuple[HostAlias, ...] = keyed("ip")
    priority_class_name: str | None = None
    priority: int | None = wire(default=None, format="int32")
    dns_config: PodDNSConfig | None = None
    readiness_gates: tuple[PodReadinessGate, ...] = wire(default=(), list_type="atomic")
    runtime_class_name: str | None = wire(default=None, keep_zero=True)
    enable_service_links: bool | None = None
    preemption_policy: str | None = wire(default=None, keep_zero=True, enum=("Never", "PreemptLowerPriority"))
    overhead: Mapping[str, Quantity] = EMPTY
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = keyed("topologyKey", "whenUnsatisfiable")
    set_hostname_as_fqdn: bool | None = wire(default=None, name="setHostnameAsFQDN")
    os: PodOS | None = None
    host_users: bool | None = None
    scheduling_gates: tuple[PodSchedulingGate, ...] = keyed("name")
    resource_claims: tuple[PodResourceClaim, ...] = keyed("name", retain_keys=True)
    resources: ResourceRequirements | None = None
    hostname_override: str | None = wire(default=None, keep_zero=True)
    scheduling_group: PodSchedulingGroup | None = None
