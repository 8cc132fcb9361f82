"""Node."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.columns.core_v1.node import NODE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.rules.core_v1.node import NodeRules, validate_node
from sampan.core.model.storage import Stored


@model
class Taint:
    """Keeps pods away that do not tolerate it."""

    key: str = wire(required=True, emit="always")
    """The taint's key, by which pods tolerate it."""
    value: str | None = None
    """The taint's value, where the key alone does not say enough."""
    effect: str = wire(required=True, emit="always", enum=("NoExecute", "NoSchedule", "PreferNoSchedule"))
    """What happens to pods that do not tolerate it: not placed here, placed elsewhere if possible, or evicted too."""
    time_added: datetime | None = None
    """When the taint was put on the node; evictions are counted from here."""


@model
class ConfigMapNodeConfigSource:
    """Where a node's configuration came from (unused)."""

    namespace: str = wire(required=True, emit="always")
    """The ConfigMap's namespace. Had a meaning up to Kubernetes 1.22 only."""
    name: str = wire(required=True, emit="always")
    """The ConfigMap's name. Had a meaning up to Kubernetes 1.22 only."""
    uid: str | None = None
    """The ConfigMap's UID; allowed in ``status`` alone."""
    resource_version: str | None = None
    """The ConfigMap's version; allowed in ``status`` alone."""
    kubelet_config_key: str = wire(required=True, emit="always")
    """The key that held the node agent's configuration. Had a meaning up to Kubernetes 1.22 only."""


@model
class NodeConfigSource:
    """Where a node's configuration comes from (unused)."""

    config_map: ConfigMapNodeConfigSource | None = None
    """The ConfigMap with the configuration. Had a meaning up to Kubernetes 1.22 only."""


@model
class NodeSpec:
    """What is asked of a node."""

    pod_cidr: str | None = wire(default=None, name="podCIDR")
    """The range that the node's pods get their addresses from. The first of ``podCIDRs``;
    cannot be changed once set.
    """
    pod_cidrs: tuple[str, ...] = wire(default=(), name="podCIDRs", list_type="set", patch_strategy=("merge",))
    """The ranges that the node's pods get their addresses from, at most one of each IP family."""
    provider_id: str | None = wire(default=None, name="providerID")
    """What the cloud provider calls the machine, as ``provider://id``. Cannot be changed once set."""
    unschedulable: bool = False
    """Whether new pods are kept away, as by ``kubectl cordon``. Defaults to false."""
    taints: tuple[Taint, ...] = wire(default=(), list_type="atomic")
    """What keeps pods away that do not tolerate it."""
    config_source: NodeConfigSource | None = None
    """Without effect: dynamic configuration of node agents was removed from Kubernetes."""
    external_id: str | None = wire(default=None, name="externalID")
    """Without effect, and only found in old objects."""


@model
class NodeCondition:
    """One thing that is or is not so about a node."""

    type: str = wire(required=True, emit="always")
    """What is stated, such as ``Ready``, ``MemoryPressure`` or ``DiskPressure``."""
    status: str = wire(required=True, emit="always")
    """Whether it is so: ``True``, ``False`` or ``Unknown``."""
    last_heartbeat_time: datetime | None = wire(default=None, emit="null")
    """When the node agent last confirmed the condition."""
    last_transition_time: datetime | None = wire(default=None, emit="null")
    """When ``status`` last changed from one value to another."""
    reason: str | None = None
    """Why, as one word for programs, such as ``KubeletReady``."""
    message: str | None = None
    """Why, in a sentence for people."""


@model
class NodeAddress:
    """An address or name of a node."""

    type: str = wire(required=True, emit="always")
    """What sort it is: ``Hostname``, ``InternalIP``, ``ExternalIP``, ``InternalDNS`` or ``ExternalDNS``."""
    address: str = wire(required=True, emit="always")
    """The address or name itself."""


@model
class DaemonEndpoint:
    """A port of a node's daemon."""

    port: int = wire(default=0, name="Port", required=True, emit="always", format="int32")
    """The port that the daemon listens on."""


@model
class NodeDaemonEndpoints:
    """Ports of a node's daemons."""

    kubelet_endpoint: DaemonEndpoint = wire(default=DaemonEndpoint(), emit="always")
    """Where the node agent listens, for logs, ``kubectl exec`` and the like."""


@model
class NodeSwapStatus:
    """A node's swap space."""

    capacity: int | None = wire(default=None, format="int64")
    """The size of the swap space, in bytes."""


@model
class NodeSystemInfo:
    """What a node is made of."""

    machine_id: str = wire(default="", name="machineID", required=True, emit="always")
    """The machine's ID, on Linux from ``/etc/machine-id``."""
    system_uuid: str = wire(default="", name="systemUUID", required=True, emit="always")
    """The machine's UUID as its firmware tells it."""
    boot_id: str = wire(default="", name="bootID", required=True, emit="always")
    """An ID that is new after each start of the machine."""
    kernel_version: str = wire(default="", required=True, emit="always")
    """The kernel's version, as from ``uname -r``."""
    os_image: str = wire(default="", required=True, emit="always")
    """The operating system's name and version, such as ``Debian GNU/Linux 12 (bookworm)``."""
    container_runtime_version: str = wire(default="", required=True, emit="always")
    """The runtime and its version, as ``runtime://version``."""
    kubelet_version: str = wire(default="", required=True, emit="always")
    """The node agent's version."""
    kube_proxy_version: str = wire(default="", required=True, emit="always")
    """Deprecated: the node agent does not know the service proxy's version."""
    operating_system: str = wire(default="", required=True, emit="always")
    """The operating system, such as ``linux``."""
    architecture: str = wire(default="", required=True, emit="always")
    """The processor's architecture, such as ``amd64``."""
    swap: NodeSwapStatus | None = None
    """The node's swap space."""


@model
class ContainerImage:
    """An image that the node has."""

    names: tuple[str, ...] = wire(default=(), emit="null", list_type="atomic")
    """The names that the image has on the node, with tags and with digests."""
    size_bytes: int = wire(default=0, format="int64")
    """The image's size, in bytes."""


@model
class AttachedVolume:
    """A volume attached to the node."""

    name: str = wire(required=True, emit="always")
    """The volume's unique name."""
    device_path: str = wire(required=True, emit="always")
    """Where the volume's device appears on the node."""


@model
class NodeConfigStatus:
    """Which configuration a node runs with (unused)."""

    assigned: NodeConfigSource | None = None
    """The configuration that the node was to use. No longer filled in."""
    active: NodeConfigSource | None = None
    """The configuration that the node used. No longer filled in."""
    last_known_good: NodeConfigSource | None = None
    """The configuration that the node fell back to. No longer filled in."""
    error: str | None = None
    """What was wrong with the assigned configuration. No longer filled in."""


@model
class NodeRuntimeHandlerFeatures:
    """What a runtime handler can do."""

    recursive_read_only_mounts: bool | None = None
    """Whether mounts can be made read-only with all mounts below them."""
    user_namespaces: bool | None = None
    """Whether pods can have a user namespace of their own (``hostUsers: false``)."""


@model
class NodeRuntimeHandler:
    """A runtime handler of the node."""

    name: str | None = None
    """The handler's name, as RuntimeClasses refer to it. Empty for the default one."""
    features: NodeRuntimeHandlerFeatures | None = None
    """What the handler can do."""


@model
class NodeFeatures:
    """What the node's runtime can do."""

    supplemental_groups_policy: bool | None = None
    """Whether the runtime honours ``supplementalGroupsPolicy`` and reports users of containers."""


@model
class NodeStatus:
    """What the node agent last said."""

    capacity: Mapping[str, Quantity] = EMPTY
    """All that the machine has of each resource: ``cpu``, ``memory``, ``pods`` and so on."""
    allocatable: Mapping[str, Quantity] = EMPTY
    """What of it pods may request in sum; the rest is kept for the system. Defaults to ``capacity``."""
    phase: str | None = wire(default=None, enum=("Pending", "Running", "Terminated"))
    """Never filled in: ``conditions`` say how the node is."""
    conditions: tuple[NodeCondition, ...] = keyed("type")
    """Statements about the node's health, one per type."""
    addresses: tuple[NodeAddress, ...] = keyed("type")
    """Addresses and names under which the node is reached."""
    daemon_endpoints: NodeDaemonEndpoints = wire(default=NodeDaemonEndpoints(), emit="always")
    """Ports of the node's daemons."""
    node_info: NodeSystemInfo = wire(default=NodeSystemInfo(), emit="always")
    """Names, IDs and versions of the machine and its software."""
    images: tuple[ContainerImage, ...] = wire(default=(), list_type="atomic")
    """Images that the node has, the largest first. The list may be cut short (50 by default)."""
    volumes_in_use: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Volumes that the node has mounted, which must not be detached."""
    volumes_attached: tuple[AttachedVolume, ...] = wire(default=(), list_type="atomic")
    """Volumes that are attached to the node."""
    config: NodeConfigStatus | None = None
    """Without use: the state of the node agent's dynamic configuration, which was removed from Kubernetes."""
    runtime_handlers: tuple[NodeRuntimeHandler, ...] = wire(default=(), list_type="atomic")
    """The runtime handlers that pods can choose from."""
    features: NodeFeatures | None = None
    """What the node's runtime can do, whichever handler is used."""
    declared_features: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Names of Kubernetes features that the node has and that pods may depend on."""


@kind(
    "v1",
    plural="nodes",
    short_names=("no",),
    namespaced=False,
    has_status=True,
    status_on_create=True,
    subresources=("proxy",),
    storage=Stored(folder="minions"),
    selectable_fields=("spec.unschedulable",),
    columns=NODE_COLUMNS,
    rules=NodeRules(),
)
@model
class Node(KubeObject):
    """A machine that runs pods."""

    spec: NodeSpec = wire(default=NodeSpec(), emit="always")
    """What is asked of the node, and what keeps pods away."""
    status: NodeStatus = wire(default=NodeStatus(), emit="always")
    """What the node has and how it is. Written by the node agent."""


struct_rules(Node, whole=True)(validate_node)
