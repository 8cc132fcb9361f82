"""Node."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.columns.cluster import NODE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.rules.cluster import NodeRules, validate_node


@model
class Taint:
    """Keeps pods away that do not tolerate it."""

    key: str = wire(required=True, emit="always")
    value: str | None = None
    effect: str = wire(required=True, emit="always", enum=("NoExecute", "NoSchedule", "PreferNoSchedule"))
    time_added: datetime | None = None


@model
class ConfigMapNodeConfigSource:
    """Where a node's configuration came from (unused)."""

    namespace: str = wire(required=True, emit="always")
    name: str = wire(required=True, emit="always")
    uid: str | None = None
    resource_version: str | None = None
    kubelet_config_key: str = wire(required=True, emit="always")


@model
class NodeConfigSource:
    """Where a node's configuration comes from (unused)."""

    config_map: ConfigMapNodeConfigSource | None = None


@model
class NodeSpec:
    """What is asked of a node."""

    pod_cidr: str | None = wire(default=None, name="podCIDR")
    pod_cidrs: tuple[str, ...] = wire(default=(), name="podCIDRs", list_type="set", patch_strategy=("merge",))
    provider_id: str | None = wire(default=None, name="providerID")
    unschedulable: bool = False
    taints: tuple[Taint, ...] = wire(default=(), list_type="atomic")
    config_source: NodeConfigSource | None = None
    external_id: str | None = wire(default=None, name="externalID")


@model
class NodeCondition:
    """One thing that is or is not so about a node."""

    type: str = wire(required=True, emit="always")
    status: str = wire(required=True, emit="always")
    last_heartbeat_time: datetime | None = wire(default=None, emit="null")
    last_transition_time: datetime | None = wire(default=None, emit="null")
    reason: str | None = None
    message: str | None = None


@model
class NodeAddress:
    """An address or name of a node."""

    type: str = wire(required=True, emit="always")
    address: str = wire(required=True, emit="always")


@model
class DaemonEndpoint:
    """A port of a node's daemon."""

    port: int = wire(default=0, name="Port", required=True, emit="always", format="int32")


@model
class NodeDaemonEndpoints:
    """Ports of a node's daemons."""

    kubelet_endpoint: DaemonEndpoint = wire(default=DaemonEndpoint(), emit="always")


@model
class NodeSwapStatus:
    """A node's swap space."""

    capacity: int | None = wire(default=None, format="int64")


@model
class NodeSystemInfo:
    """What a node is made of."""

    machine_id: str = wire(default="", name="machineID", required=True, emit="always")
    system_uuid: str = wire(default="", name="systemUUID", required=True, emit="always")
    boot_id: str = wire(default="", name="bootID", required=True, emit="always")
    kernel_version: str = wire(default="", required=True, emit="always")
    os_image: str = wire(default="", required=True, emit="always")
    container_runtime_version: str = wire(default="", required=True, emit="always")
    kubelet_version: str = wire(default="", required=True, emit="always")
    kube_proxy_version: str = wire(default="", required=True, emit="always")
    operating_system: str = wire(default="", required=True, emit="always")
    architecture: str = wire(default="", required=True, emit="always")
    swap: NodeSwapStatus | None = None


@model
class ContainerImage:
    """An image that the node has."""

    names: tuple[str, ...] = wire(default=(), emit="null", list_type="atomic")
    size_bytes: int = wire(default=0, format="int64")


@model
class AttachedVolume:
    """A volume attached to the node."""

    name: str = wire(required=True, emit="always")
    device_path: str = wire(required=True, emit="always")


@model
class NodeConfigStatus:
    """Which configuration a node runs with (unused)."""

    assigned: NodeConfigSource | None = None
    active: NodeConfigSource | None = None
    last_known_good: NodeConfigSource | None = None
    error: str | None = None


@model
class NodeRuntimeHandlerFeatures:
    """What a runtime handler can do."""

    recursive_read_only_mounts: bool | None = None
    user_namespaces: bool | None = None


@model
class NodeRuntimeHandler:
    """A runtime handler of the node."""

    name: str | None = None
    features: NodeRuntimeHandlerFeatures | None = None


@model
class NodeFeatures:
    """What the node's runtime can do."""

    supplemental_groups_policy: bool | None = None


@model
class NodeStatus:
    """What the node agent last said."""

    capacity: Mapping[str, Quantity] = EMPTY
    allocatable: Mapping[str, Quantity] = EMPTY
    phase: str | None = wire(default=None, enum=("Pending", "Running", "Terminated"))
    conditions: tuple[NodeCondition, ...] = keyed("type")
    addresses: tuple[NodeAddress, ...] = keyed("type")
    daemon_endpoints: NodeDaemonEndpoints = wire(default=NodeDaemonEndpoints(), emit="always")
    node_info: NodeSystemInfo = wire(default=NodeSystemInfo(), emit="always")
    images: tuple[ContainerImage, ...] = wire(default=(), list_type="atomic")
    volumes_in_use: tuple[str, ...] = wire(default=(), list_type="atomic")
    volumes_attached: tuple[AttachedVolume, ...] = wire(default=(), list_type="atomic")
    config: NodeConfigStatus | None = None
    runtime_handlers: tuple[NodeRuntimeHandler, ...] = wire(default=(), list_type="atomic")
    features: NodeFeatures | None = None
    declared_features: tuple[str, ...] = wire(default=(), list_type="atomic")


@kind(
    "v1",
    plural="nodes",
    short_names=("no",),
    namespaced=False,
    has_status=True,
    status_on_create=True,
    subresources=("proxy",),
    storage_prefix="minions",
    selectable_fields=("spec.unschedulable",),
    columns=NODE_COLUMNS,
    rules=NodeRules(),
)
@model
class Node(KubeObject):
    """A machine that runs pods."""

    spec: NodeSpec = wire(default=NodeSpec(), emit="always")
    status: NodeStatus = wire(default=NodeStatus(), emit="always")


struct_rules(Node, whole=True)(validate_node)
