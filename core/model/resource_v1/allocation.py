"""What a claim was given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.core_v1.affinity import NodeSelector
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.resource_v1.device_configuration import OpaqueDeviceConfiguration
from sampan.core.model.resource_v1.device_taint import DeviceToleration


@model
class DeviceAllocationConfiguration:
    """What a driver is told about devices that were given."""

    source: str = wire(required=True, enum=("FromClaim", "FromClass"), emit="always")
    """Where it comes from: ``FromClass`` or ``FromClaim``."""
    requests: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The requests that it is about. Empty means all."""
    opaque: OpaqueDeviceConfiguration | None = None
    """Parameters that only the driver understands."""


@model
class DeviceRequestAllocationResult:
    """A device that was given."""

    request: str = wire(required=True, emit="always")
    """The request that it meets, as ``request`` or ``request/subrequest``."""
    driver: str = wire(required=True, emit="always")
    """The driver that looks after the device."""
    pool: str = wire(required=True, emit="always")
    """The pool that the device is in."""
    device: str = wire(required=True, emit="always")
    """The name of the device within its pool."""
    admin_access: bool | None = None
    """Whether it was given only to look after it."""
    tolerations: tuple[DeviceToleration, ...] = wire(default=(), list_type="atomic")
    """The tolerations of the request."""
    binding_conditions: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Conditions of the device that must be true before the pod may be bound."""
    binding_failure_conditions: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Conditions of the device of which any keeps the pod from being bound."""
    share_id: str | None = wire(default=None, name="shareID", keep_zero=True)
    """Tells the shares of a device that several claims have apart."""
    consumed_capacity: Mapping[str, Quantity] = EMPTY
    """How much of each capacity the claim takes, where the device is shared."""


@model
class DeviceAllocationResult:
    """The devices that were given, and what their drivers are told."""

    results: tuple[DeviceRequestAllocationResult, ...] = wire(default=(), list_type="atomic")
    """The devices that were given."""
    config: tuple[DeviceAllocationConfiguration, ...] = wire(default=(), list_type="atomic")
    """What their drivers are told, that of the class before that of the claim."""


@model
class AllocationResult:
    """What was given, and where it can be used."""

    devices: DeviceAllocationResult = wire(default=DeviceAllocationResult(), emit="always")
    """The devices that were given."""
    node_selector: NodeSelector | None = None
    """The nodes where they can be used. All where it is not set."""
    allocation_timestamp: datetime | None = None
    """When they were given."""
