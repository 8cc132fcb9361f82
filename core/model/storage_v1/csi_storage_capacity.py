"""CSIStorageCapacity: how much space a driver has left somewhere."""

from __future__ import annotations

from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import Quantity, model, wire
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.storage_v1.csi import CsiStorageCapacityRules, validate_csi_storage_capacity


@kind(
    "storage.k8s.io/v1",
    plural="csistoragecapacities",
    rules=CsiStorageCapacityRules(),
    unconditional_update=False,
    without_effect="the scheduler does not look at the room for volumes",
)
@model
class CSIStorageCapacity(KubeObject):
    """Space for volumes of one class in one part of the cluster. The scheduler reads it."""

    node_topology: LabelSelector | None = None
    """The nodes that can reach the space, by their labels. Left out, none; empty, all. Immutable."""
    storage_class_name: str = wire(required=True, emit="always")
    """The StorageClass that the space is for. Immutable."""
    capacity: Quantity | None = None
    """How much is free in all. Left out, it is not known."""
    maximum_volume_size: Quantity | None = None
    """The largest single volume that can be made. Left out, ``capacity`` alone counts."""


struct_rules(CSIStorageCapacity, whole=True)(validate_csi_storage_capacity)
