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
    """Why, as one word, such as ``ContainerCreating`` or ``CrashLoopBackOff``."""
    message: str | None = None
    """What it is waiting for, in a sentence for people."""


@model
class ContainerStateRunning:
    """Running."""

    started_at: datetime | None = wire(default=None, emit="null")
    """When the container was last started."""


@model
class ContainerStateTerminated:
    """It ran and ended."""

    exit_code: int = wire(required=True, emit="always", format="int32")
    """The exit code of the container's first process."""
    signal: int = wire(default=0, format="int32")
    """The signal that ended it, 0 where it ended by itself or the runtime does not tell."""
    reason: str | None = None
    """Why it ended, as one word, such as ``Completed``, ``Error`` or ``OOMKilled``."""
    message: str | None = None
    """What the container left as its last words, see ``terminationMessagePath``."""
    started_at: datetime | None = wire(default=None, emit="null")
    """When this run began."""
    finished_at: datetime | None = wire(default=None, emit="null")
    """When this run ended."""
    container_id: str | None = wire(default=None, name="containerID")
    """The ID of the container that ended, as ``runtime://id``."""


@model
class ContainerState:
    """Where a container is: one of these (waiting where there is none)."""

    waiting: ContainerStateWaiting | None = None
    """Set while the container is not running yet, or not again."""
    running: ContainerStateRunning | None = None
    """Set while the container runs."""
    terminated: ContainerStateTerminated | None = None
    """Set once the container has ended."""


@model
class ImageVolumeStatus:
    """The image behind an image volume."""

    image_ref: str = wire(required=True, emit="always")
    """The image that was mounted, by digest."""


@model
class VolumeStatus:
    """What became of a mounted volume."""

    image: ImageVolumeStatus | None = None
    """Set for a volume made from an image."""


@model
class VolumeMountStatus:
    """How a mount was really made."""

    name: str = wire(required=True, emit="always")
    """The name of the mounted volume."""
    mount_path: str = wire(required=True, emit="always")
    """Where it is mounted, as in the container's ``volumeMounts``."""
    read_only: bool = False
    """Whether the mount is read-only."""
    recursive_read_only: str | None = wire(default=None, keep_zero=True)
    """What became of the wish for mounts below to be read-only: ``Enabled`` or ``Disabled``."""
    volume_status: VolumeStatus | None = None
    """More about volumes of certain kinds."""


@model
class LinuxContainerUser:
    """The identity of the container's first process."""

    uid: int = wire(required=True, emit="always", format="int64")
    """The user that the process was started as."""
    gid: int = wire(required=True, emit="always", format="int64")
    """The main group that the process was started with."""
    supplemental_groups: tuple[int, ...] = wire(default=(), format="int64", list_type="atomic")
    """Further groups that the process was started with."""


@model
class ContainerUser:
    """The identity of the container's first process."""

    linux: LinuxContainerUser | None = None
    """User and groups on a Linux node. They are those of the start: a process may change its own."""


@model
class ResourceHealth:
    """The health of one device."""

    resource_id: str = wire(name="resourceID", required=True, emit="always")
    """Tells the device from others of the node."""
    health: str | None = None
    """``Healthy``, ``Unhealthy``, or ``Unknown`` where nothing was heard of it for a while. Defaults to ``Unknown``."""
    message: str | None = None
    """What is known of the device's state, in a sentence for people."""


@model
class ResourceStatus:
    """The health of a container's devices."""

    name: str = wire(required=True, emit="always")
    """The resource, as in the container's requests, or ``claim:`` with the claim's and the request's name."""
    resources: tuple[ResourceHealth, ...] = wire(default=(), list_type="map", map_keys=("resourceID",))
    """The health of each device that the container was given."""


@model
class ContainerStatus:
    """One container as it is."""

    name: str = wire(required=True, emit="always")
    """The container's name in the pod's spec."""
    state: ContainerState = wire(default=ContainerState(), emit="always")
    """What the container is doing now."""
    last_state: ContainerState = wire(default=ContainerState(), emit="always")
    """How its previous run ended; empty until it has been restarted."""
    ready: bool = wire(default=False, required=True, emit="always")
    """Whether the container counts as ready: its readiness probe succeeds, or it runs and has none."""
    restart_count: int = wire(default=0, required=True, emit="always", format="int32")
    """How often the container has been restarted, counted from the runs that the node still knows of."""
    image: str = wire(default="", required=True, emit="always")
    """The image that runs. It may be another name than the spec's for the same image."""
    image_id: str = wire(default="", name="imageID", required=True, emit="always")
    """The image's ID or digest, as the runtime tells it."""
    container_id: str | None = wire(default=None, name="containerID")
    """The ID of the newest container, as ``runtime://id``."""
    started: bool | None = None
    """Whether the container has been started and its startup probe and start hook are through.
    False again after a restart.
    """
    allocated_resources: Mapping[str, Quantity] = EMPTY
    """The requests that the node has reserved for the container, which lag behind a resize."""
    resources: ResourceRequirements | None = None
    """The requests and limits that the running container really has."""
    volume_mounts: tuple[VolumeMountStatus, ...] = keyed("mountPath")
    """How each volume was really mounted."""
    user: ContainerUser | None = None
    """The user and groups that the container's first process was started with."""
    allocated_resources_status: tuple[ResourceStatus, ...] = keyed("name")
    """The health of the devices that the container was given."""
    stop_signal: str | None = wire(default=None, keep_zero=True, enum=SIGNALS)
    """The signal that stops the container, as it is in force: set by the pod, by the image, or by the runtime."""
