"""ResourceSlice: the devices that a driver offers."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.resource_v1.resource_slice import RESOURCE_SLICE_COLUMNS
from sampan.core.model.core_v1.affinity import NodeSelector
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.resource_v1.device import Counter, Device
from sampan.core.model.rules.resource_v1.resource_slice import ResourceSliceRules, validate_resource_slice


@model
class CounterSet:
    """Counters that devices share."""

    name: str = wire(required=True, emit="always")
    """The name of the set, a DNS label that is unique within the pool."""
    counters: Mapping[str, Counter] = wire(default=EMPTY, required=True)
    """How much there is of each."""


@model
class ResourcePool:
    """Slices that belong together."""

    name: str = wire(required=True, emit="always")
    """The name of the pool; often that of a node. It may have several parts, with slashes between them."""
    generation: int = wire(default=0, required=True, format="int64", emit="always")
    """Goes up with every change of the pool; only the slices of the highest generation count."""
    resource_slice_count: int = wire(default=0, required=True, format="int64", emit="always")
    """How many slices the pool has in this generation."""


@model
class ResourceSliceSpec:
    """Devices of one pool, and the nodes where they can be used."""

    driver: str = wire(required=True, emit="always")
    """The driver that offers the devices, a DNS name that its maker owns. Immutable."""
    pool: ResourcePool = wire(required=True, emit="always")
    """The pool that the devices are in. Its name is immutable."""
    node_name: str | None = wire(default=None, keep_zero=True)
    """The node that the devices are on. Immutable. Exactly one of this, the next two and ``perDeviceNodeSelection``
    must be set.
    """
    node_selector: NodeSelector | None = None
    """The nodes where the devices can be used; it must have exactly one term."""
    all_nodes: bool | None = None
    """Whether the devices can be used everywhere."""
    devices: tuple[Device, ...] = wire(default=(), list_type="atomic")
    """The devices, at most 128; 64 where they have taints, counters or lists of attributes."""
    per_device_node_selection: bool | None = None
    """Whether each device says itself where it can be used."""
    shared_counters: tuple[CounterSet, ...] = wire(default=(), list_type="atomic")
    """Counters that the devices of the pool share. A slice has either devices or counters."""


@kind(
    "resource.k8s.io/v1",
    plural="resourceslices",
    namespaced=False,
    columns=RESOURCE_SLICE_COLUMNS,
    rules=ResourceSliceRules(),
    has_generation=True,
    selectable_fields=("spec.nodeName", "spec.driver"),
    delete_answers_object=True,
    without_effect="no devices are given out",
)
@model
class ResourceSlice(KubeObject):
    """Devices that a driver offers."""

    spec: ResourceSliceSpec = wire(required=True, emit="always")
    """The devices, and the nodes where they can be used."""


struct_rules(ResourceSlice, whole=True)(validate_resource_slice)
