"""What the node agent says of containers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.core_v1.signals import SIGNALS
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, Quantity, model, wire


@model
class ContainerStateWaiting:
    """Not running yet, or not again."""

    reason: str | None = None
    message: str | None = None


@model
class ContainerStateRunning:
    """Running."""

    started_at: datetime | None = wire(default=None, emit="null")


@model
class ContainerStateTerminated:
    """It ran and ended."""

    exit_code: int = wire(required=True, emit="always", format="int32")
    signal: int = wire(default=0, format="int32")
    reason: str | None = None
    message: str | None = None
    started_at: datetime | None = wire(default=None, emit="null")
    finished_at: datetime | None = wire(default=None, emit="null")
    container_id: str | None = wire(default=None, name="containerID")


@model
class ContainerState:
    """Where a container is: one of these (waiting where there is none)."""

    waiting: ContainerStateWaiting | None = None
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None


@model
class ImageVolumeStatus:
    """The image behind an image volume."""

    image_ref: str = wire(required=True, emit="always")


@model
class VolumeStatus:
    """What became of a mounted volume."""

    image: ImageVolumeStatus | None = None


@model
class VolumeMountStatus:
    """How a mount was really made."""

    name: str = wire(required=True, emit="always")
    mount_path: str = wire(required=True, emit="always")
    read_only: bool = False
    recursive_read_only: str | None = wire(default=None, keep_zero=True)
    volume_status: VolumeStatus | None = None


@model
class LinuxContainerUser:
    """The identity of the container's first process."""

    uid: int = wire(required=True, emit="always", format="int64")
    gid: int = wire(required=True, emit="always", format="int64")
    supplemental_groups: tuple[int, ...] = wire(default=(), format="int64", list_type="atomic")


@model
class ContainerUser:
    """The identity of the container's first process."""

    linux: LinuxContainerUser | None = None


@model
class ResourceHealth:
    """The health of one device."""

    resource_id: str = wire(name="resourceID", required=True, emit="always")
    health: str | None = None
    message: str | None = None


@model
class ResourceStatus:
    """The health of a container's devices."""

    name: str = wire(required=True, emit="always")
    resources: tuple[ResourceHealth, ...] = wire(default=(), list_type="map", map_keys=("resourceID",))


@model
class ContainerStatus:
    """One container as it is."""

    name: str = wire(required=True, emit="always")
    state: ContainerState = wire(default=ContainerState(), emit="always")
    last_state: ContainerState = wire(default=ContainerState(), emit="always")
    ready: bool = wire(default=False, required=True, emit="always")
    restart_count: int = wire(default=0, required=True, emit="always", format="int32")
    image: str = wire(default="", required=True, emit="always")
    image_id: str = wire(default="", name="imageID", required=True, emit="always")
    container_id: str | None = wire(default=None, name="containerID")
    started: bool | None = None
    allocated_resources: Mapping[str, Quantity] = EMPTY
    resources: ResourceRequirements | None = None
    volume_mounts: tuple[VolumeMountStatus, ...] = keyed("mountPath")
    user: ContainerUser | None = None
    allocated_resources_status: tuple[ResourceStatus, ...] = keyed("name")
    stop_signal: str | None = wire(default=None, keep_zero=True, enum=SIGNALS)
