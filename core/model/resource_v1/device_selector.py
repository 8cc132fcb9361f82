"""Which devices will do."""

from __future__ import annotations

from sampan.core.model.meta import model, wire


@model
class CELDeviceSelector:
    """A condition in CEL."""

    expression: str = wire(required=True, emit="always")
    """True for a device that will do. It reads ``device.driver``, ``device.attributes`` and ``device.capacity``, whose
    names are grouped by domain. A device for which it fails ends the allocation with an error.
    """


@model
class DeviceSelector:
    """Which devices will do. Exactly one field must be set."""

    cel: CELDeviceSelector | None = None
    """A condition in CEL."""
