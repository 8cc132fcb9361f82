"""What containers ask for and may use."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.meta import EMPTY, Quantity, model, wire


@model
class ResourceClaim:
    """A claim of the pod that this container uses."""

    name: str = wire(default="", required=True, emit="always")
    """An entry of the pod's ``resourceClaims``."""
    request: str | None = None
    """One request of that claim. Left out, all that the claim got is available."""


@model
class ResourceRequirements:
    """Requests (what the scheduler reserves) and limits (what the runtime enforces)."""

    limits: Mapping[str, Quantity] = EMPTY
    """What may be used at most, by resource: more CPU is withheld, more memory ends it."""
    requests: Mapping[str, Quantity] = EMPTY
    """What is reserved on the node, by resource. Defaults to the limit, where there is one."""
    claims: tuple[ResourceClaim, ...] = wire(default=(), list_type="map", map_keys=("name",))
    """Claims of the pod whose devices are used here. Immutable."""


@model
class VolumeResourceRequirements:
    """What a volume claim asks for."""

    limits: Mapping[str, Quantity] = EMPTY
    """The largest size that is acceptable, as ``storage``."""
    requests: Mapping[str, Quantity] = EMPTY
    """The least size that is acceptable, as ``storage``."""


@model
class ContainerResizePolicy:
    """Whether a change of one resource restarts the container."""

    resource_name: str = wire(required=True, emit="always")
    """The resource: ``cpu`` or ``memory``."""
    restart_policy: str = wire(required=True, emit="always")
    """``NotRequired`` applies a change while the container runs, ``RestartContainer`` restarts it."""
