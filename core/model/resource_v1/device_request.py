"""The devices that a claim asks for."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.resource_v1.device_selector import DeviceSelector
from sampan.core.model.resource_v1.device_taint import DeviceToleration


@model
class CapacityRequirements:
    """How much of a device that can be shared is needed."""

    requests: Mapping[str, Quantity] = EMPTY
    """The least amount of each capacity, by its qualified name."""


@model
class ExactDeviceRequest:
    """One or more devices of one sort."""

    device_class_name: str = wire(required=True, emit="always")
    """The DeviceClass that the devices must be of."""
    selectors: tuple[DeviceSelector, ...] = wire(default=(), list_type="atomic")
    """Conditions that a device must meet, all of them."""
    allocation_mode: str | None = wire(default=None, enum=("All", "ExactCount"), api_default="ExactCount")
    """How many devices: ``ExactCount`` for ``count`` of them, ``All`` for all that match. Defaults to ``ExactCount``.
    """
    count: int = wire(default=0, format="int64")
    """How many devices, with ``ExactCount``. Defaults to 1."""
    admin_access: bool | None = None
    """Asks for devices to look after them, whoever uses them. Only in namespaces with the label
    ``resource.kubernetes.io/admin-access: "true"``.
    """
    tolerations: tuple[DeviceToleration, ...] = wire(default=(), list_type="atomic")
    """Which taints of devices the request puts up with."""
    capacity: CapacityRequirements | None = None
    """How much of each device is needed, where devices can be shared."""


@model
class DeviceSubRequest:
    """One of several ways to meet a request."""

    name: str = wire(required=True, emit="always")
    """The name of this way, unique within the request; others refer to it as ``request/name``."""
    device_class_name: str = wire(required=True, emit="always")
    """The DeviceClass that the devices must be of."""
    selectors: tuple[DeviceSelector, ...] = wire(default=(), list_type="atomic")
    """Conditions that a device must meet, all of them."""
    allocation_mode: str | None = wire(default=None, enum=("All", "ExactCount"), api_default="ExactCount")
    """How many devices: ``ExactCount`` for ``count`` of them, ``All`` for all that match. Defaults to ``ExactCount``.
    """
    count: int = wire(default=0, format="int64")
    """How many devices, with ``ExactCount``. Defaults to 1."""
    tolerations: tuple[DeviceToleration, ...] = wire(default=(), list_type="atomic")
    """Which taints of devices the request puts up with."""
    capacity: CapacityRequirements | None = None
    """How much of each device is needed, where devices can be shared."""


@model
class DeviceRequest:
    """Devices that are asked for: exactly of one sort, or the first of several sorts that there is."""

    name: str = wire(required=True, emit="always")
    """The name of the request within the claim, by which constraints, configuration and pods refer to it."""
    exactly: ExactDeviceRequest | None = None
    """Devices of one sort."""
    first_available: tuple[DeviceSubRequest, ...] = wire(default=(), list_type="atomic")
    """Ways to meet the request, of which the first possible one is taken."""
