"""Devices that keep claims off, and claims that put up with it."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.meta import model, wire


@model
class DeviceTaint:
    """Keeps away from a device every claim that does not tolerate it."""

    key: str = wire(required=True, emit="always")
    """The name of the taint, as of a label."""
    value: str | None = None
    """What is said about the key, as the value of a label."""
    effect: str = wire(required=True, enum=("NoExecute", "NoSchedule", "None"), emit="always")
    """What happens to claims that do not tolerate it: ``NoSchedule`` gives them no such device, ``NoExecute`` also
    takes it from pods that have it, ``None`` does nothing and only tells.
    """
    time_added: datetime | None = None
    """When the taint was added. Set by the server where it is left out."""


@model
class DeviceToleration:
    """Puts up with taints of devices."""

    key: str | None = None
    """The key of the taints that are tolerated. Empty means any, with the operator ``Exists``."""
    operator: str | None = wire(default=None, enum=("Equal", "Exists"), api_default="Equal")
    """How the value is compared: ``Equal`` or ``Exists``, which takes any value. Defaults to ``Equal``."""
    value: str | None = None
    """The value of the taints that are tolerated, for the operator ``Equal``."""
    effect: str | None = wire(default=None, enum=("NoExecute", "NoSchedule", "None"))
    """The effect that is tolerated. Empty means any."""
    toleration_seconds: int | None = wire(default=None, format="int64")
    """How long ``NoExecute`` is tolerated. Defaults to for ever; zero and less mean not at all."""
