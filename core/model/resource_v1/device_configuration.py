"""What a device's driver is told about a device, in words of its own."""

from __future__ import annotations

from sampan.core.model.meta import RawJson, model, wire


@model
class OpaqueDeviceConfiguration:
    """Parameters that only the driver understands."""

    driver: str = wire(required=True, emit="always")
    """The driver that they are for, a DNS name that its maker owns."""
    parameters: RawJson = wire(default=None, required=True, format="raw-extension")
    """What the driver reads: an object of at most 10 KiB, often with an ``apiVersion`` and ``kind`` of the driver's
    own.
    """
