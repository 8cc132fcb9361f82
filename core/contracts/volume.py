"""The volume driver contract, shaped after CSI's node verbs. Plain blocking code, called from the node agent's pool.

A driver serves one member of ``pod.spec.volumes[]`` (``emptyDir``, ``hostPath`` …). Publishing is idempotent: after a
restart the agent publishes again and gets the same path with the data that was there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import attrs

from sampan.core.classes import frozen
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.volume import Volume
from sampan.core.model.kinds import KubeObject

TokenGetter = Callable[[str, int], str]
"""(audience, seconds until it expires) → a bearer token. Blocking."""


class VolumeFailure(SampanError):
    """A volume that cannot be made: becomes a FailedMount event; the pod waits and it is tried again."""


@frozen(kw_only=True)
class PublishedVolume:
    host_path: Path
    """An empty folder where it is an ``image``."""
    image: str = ""
    """An image whose files the runtime shows by itself. The node agent has pulled it before, as the volume says."""
    read_only: bool = False
    """The volume itself is (``readOnly`` of a mount comes on top)."""
    mount_points: bool = True
    """The folder is the pod's own: where a container mounts other volumes inside of it, their places may be made there."""


@frozen(kw_only=True)
class VolumeContext:
    """What a driver may use: the pod's folder for this volume, and API objects it may read."""

    pod: Pod
    volume: Volume
    directory: Path
    """``DATA/pods/UID/volumes/DRIVER/NAME``: the driver's own, made by it, removed by `unpublish`."""
    get: Callable[[type[KubeObject], str, str], KubeObject | None]
    """(kind, namespace, name) → the object, or ``None``. Blocking."""
    allocatable: Mapping[str, str] = attrs.field(factory=dict)
    """The node's, for limits that are not set (downward API)."""
    token: TokenGetter | None = None
    """Asks the API for a token of the pod's service account; ``None`` where the API gives none."""
    csi: Callable[[PersistentVolume], PublishedVolume] | None = None
    """Publishes a claim's volume that is a CSI driver's. Raises `VolumeFailure`."""
    warn: Callable[[str], None] = attrs.field(default=lambda _message: None)
    """Tell the user of a part that is left out: becomes an event of the pod, once."""


class VolumeDriver(Protocol):
    """One kind of volume."""

    field: str
    """The member of ``Volume`` that it serves, as an attribute name (``empty_dir``)."""

    def publish(self, context: VolumeContext) -> PublishedVolume:
        """Make the volume be there. Raises `VolumeFailure`."""
        ...

    def refresh(self, context: VolumeContext) -> None:
        """Bring changed contents in (configMap and the like), atomically. Called on changes; most drivers do nothing."""
        ...

    def usage(self, directory: Path) -> int:
        """Bytes that the volume takes of the node's disk for the pod: none where it is memory, or not the pod's own.

        Asked every few seconds for pods with a limit; one that was never published takes none.
        """
        ...

    def unpublish(self, directory: Path) -> None:
        """Undo `publish`: the pod is gone (only its folder is known). Idempotent."""
        ...
