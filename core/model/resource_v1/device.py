"""A device that a driver offers."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.affinity import NodeSelector
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.resource_v1.device_taint import DeviceTaint


@model
class DeviceAttribute:
    """The value of an attribute. Exactly one field must be set."""

    int_value: int | None = wire(default=None, name="int", format="int64")
    """The value as a whole number."""
    bool_value: bool | None = wire(default=None, name="bool")
    """The value as true or false."""
    string: str | None = wire(default=None, keep_zero=True)
    """The value as a text of at most 64 bytes."""
    version: str | None = wire(default=None, keep_zero=True)
    """A version, as semver.org has it, of at most 64 bytes."""
    ints: tuple[int, ...] = wire(default=(), format="int64", list_type="atomic")
    """Several values, as whole numbers."""
    bools: tuple[bool, ...] = wire(default=(), list_type="atomic")
    """Several values, each true or false."""
    strings: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Several values, as texts."""
    versions: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Several values, as versions."""


@model
class CapacityRequestPolicyRange:
    """The amounts between two bounds."""

    min: Quantity | None = wire(default=None, required=True)
    """The least that a request takes."""
    max: Quantity | None = None
    """The most that a request may take. Defaults to all."""
    step: Quantity | None = None
    """The distance between amounts: a request is rounded up to ``min`` and a multiple of it."""


@model
class CapacityRequestPolicy:
    """How much of a capacity a claim may take."""

    default: Quantity | None = wire(default=None, emit="null")
    """What a claim takes that does not say how much."""
    valid_values: tuple[Quantity, ...] = wire(default=(), list_type="atomic")
    """The amounts that can be taken, in rising order; a request is rounded up."""
    valid_range: CapacityRequestPolicyRange | None = None
    """The bounds of what can be taken. Not together with ``validValues``."""


@model
class DeviceCapacity:
    """How much there is."""

    value: Quantity = wire(default=Quantity("0"), required=True, emit="always")
    """The amount, as a quantity such as ``4Gi``."""
    request_policy: CapacityRequestPolicy | None = None
    """How much a claim may take, for a device that can be shared."""


@model
class Counter:
    """An amount."""

    value: Quantity = wire(default=Quantity("0"), required=True, emit="always")
    """The amount, as a quantity such as ``4Gi``."""


@model
class DeviceCounterConsumption:
    """What a device takes from counters that devices share."""

    counter_set: str = wire(required=True, emit="always")
    """The set of counters."""
    counters: Mapping[str, Counter] = wire(default=EMPTY, required=True)
    """How much it takes of each."""


@model
class NodeAllocatableResourceMapping:
    """What a device takes of a resource of its node."""

    capacity_key: str | None = wire(default=None, keep_zero=True)
    """The capacity of the device that is taken from the resource."""
    allocation_multiplier: Quantity | None = None
    """What the amount is multiplied by; without a ``capacityKey`` the amount itself."""


@model
class Device:
    """A device that a driver offers."""

    name: str = wire(required=True, emit="always")
    """The name of the device within its pool, a DNS label."""
    attributes: Mapping[str, DeviceAttribute] = EMPTY
    """What sort of device it is, by qualified name. Together with ``capacity`` at most 32."""
    capacity: Mapping[str, DeviceCapacity] = EMPTY
    """How much the device has of what, by qualified name."""
    consumes_counters: tuple[DeviceCounterConsumption, ...] = wire(default=(), list_type="atomic")
    """What the device takes from counters that it shares with others."""
    node_name: str | None = wire(default=None, keep_zero=True)
    """The node that the device is on. Only where the slice says ``perDeviceNodeSelection``, as the next two."""
    node_selector: NodeSelector | None = None
    """The nodes where the device can be used."""
    all_nodes: bool | None = None
    """Whether the device can be used everywhere."""
    taints: tuple[DeviceTaint, ...] = wire(default=(), list_type="atomic")
    """What keeps claims away that do not tolerate it, at most 16."""
    binds_to_node: bool | None = None
    """Whether the claim can only be used on the node that it was given for."""
    binding_conditions: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Conditions of the device that must be true before a pod may be bound, at most 4."""
    binding_failure_conditions: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Conditions of the device of which any keeps a pod from being bound, at most 4."""
    allow_multiple_allocations: bool | None = None
    """Whether several claims can have the device at the same time."""
    node_allocatable_resource_mappings: Mapping[str, NodeAllocatableResourceMapping] = EMPTY
    """What the device takes of its node's own resources, by their names."""
