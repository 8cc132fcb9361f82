"""CSINode: which storage drivers run on a node."""

from __future__ import annotations

from sampan.core.model.columns.storage_v1.csi import CSI_NODE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.storage_v1.csi import CsiNodeRules, validate_csi_node


@model
class VolumeNodeResources:
    """How many volumes fit."""

    count: int | None = wire(default=None, format="int32")
    """The most volumes of the driver that the node can have at a time. Left out, there is no limit."""


@model
class CSINodeDriver:
    """A driver on this node."""

    name: str = wire(required=True, emit="always")
    """The driver's name, as in its CSIDriver."""
    node_id: str = wire(name="nodeID", required=True, emit="always")
    """The node's name as the driver knows it, which need not be Kubernetes' own."""
    topology_keys: tuple[str, ...] = wire(default=(), emit="null", list_type="atomic")
    """The node labels that the driver sets to say where volumes can be reached from."""
    allocatable: VolumeNodeResources | None = None
    """How many volumes of the driver the node can have."""


@model
class CSINodeSpec:
    """The drivers on the node."""

    drivers: tuple[CSINodeDriver, ...] = keyed("name", required=True, emit="null")
    """Every driver that has registered itself with the node agent."""


@kind(
    "storage.k8s.io/v1",
    plural="csinodes",
    namespaced=False,
    rules=CsiNodeRules(),
    columns=CSI_NODE_COLUMNS,
    delete_answers_object=True,
    unconditional_update=False,
)
@model
class CSINode(KubeObject):
    """What a node's agent knows of storage drivers. It has the node's name."""

    spec: CSINodeSpec = wire(required=True, emit="always")
    """The drivers that run on the node."""


struct_rules(CSINode, whole=True)(validate_csi_node)
