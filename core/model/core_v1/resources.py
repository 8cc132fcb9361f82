"""What containers ask for and may use."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.meta import EMPTY, Quantity, model, wire


@model
class ResourceClaim:
    """A claim of the pod that this container uses."""

    name: str = wire(required=True, emit="always")
    request: str | None = None


@model
class ResourceRequirements:
    """Requests (what the scheduler reserves) and limits (what the runtime enforces)."""

    limits: Mapping[str, Quantity] = EMPTY
    requests: Mapping[str, Quantity] = EMPTY
    claims: tuple[ResourceClaim, ...] = wire(default=(), list_type="map", map_keys=("name",))


@model
class VolumeResourceRequirements:
    """What a volume claim asks for."""

    limits: Mapping[str, Quantity] = EMPTY
    requests: Mapping[str, Quantity] = EMPTY


@model
class ContainerResizePolicy:
    """Whether a change of one resource restarts the container."""

    resource_name: str = wire(required=True, emit="always")
    restart_policy: str = wire(required=True, emit="always")
