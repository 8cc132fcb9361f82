"""What a claim asks for."""

from __future__ import annotations

from sampan.core.model.meta import model, wire
from sampan.core.model.resource_v1.device_configuration import OpaqueDeviceConfiguration
from sampan.core.model.resource_v1.device_request import DeviceRequest


@model
class DeviceConstraint:
    """What the devices of several requests must have in common."""

    requests: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The requests that it is about. Empty means all."""
    match_attribute: str | None = wire(default=None, keep_zero=True)
    """The qualified name of an attribute that must have the same value in all of the devices."""
    distinct_attribute: str | None = wire(default=None, keep_zero=True)
    """The qualified name of an attribute that must have another value in each of the devices."""


@model
class DeviceClaimConfiguration:
    """What drivers are told about the devices of some requests."""

    requests: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The requests that it is about. Empty means all."""
    opaque: OpaqueDeviceConfiguration | None = None
    """Parameters that only the driver understands."""


@model
class DeviceClaim:
    """Devices, and what holds among them."""

    requests: tuple[DeviceRequest, ...] = wire(default=(), emit="null", list_type="atomic")
    """The devices that are asked for. All must be met."""
    constraints: tuple[DeviceConstraint, ...] = wire(default=(), list_type="atomic")
    """What must hold among the devices."""
    config: tuple[DeviceClaimConfiguration, ...] = wire(default=(), list_type="atomic")
    """What the devices' drivers are told."""


@model
class ResourceClaimSpec:
    """What a claim asks for. Immutable."""

    devices: DeviceClaim = wire(default=DeviceClaim(), emit="always")
    """The devices that are asked for."""
