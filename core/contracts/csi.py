"""The contract of storage drivers by name, after the Container Storage Interface, for drivers that are Python classes.

A driver serves the volumes that name it: ``spec.volumes[].csi.driver`` of a pod, ``spec.csi.driver`` of a
PersistentVolume. One that is a `ProvisioningCsiDriver` also makes the volumes of StorageClasses whose ``provisioner`` it
is. A driver is made once per node and called from worker threads, so it may block; calls for one volume of one pod come
one after another, others side by side. Every call may come again after a restart or a failure, and then changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from sampan.core.classes import frozen
from sampan.core.contracts.provisioner import ProvisionerSettings, ProvisionRequest
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import EMPTY
from sampan.core.model.storage_v1.csi_driver import CSIDriverSpec


@frozen(kw_only=True)
class CsiSettings(ProvisionerSettings):
    """What a driver is made with: its node's name, and a folder of its own there."""


@frozen(kw_only=True)
class CsiRequest:
    """A volume that a pod is to have."""

    handle: str
    """The volume's name at the driver: ``volumeHandle`` of a PersistentVolume, ``csi-…`` of a pod's own."""
    target: Path
    """For the driver to make and fill. Its parent is there, and belongs to this volume of this pod alone."""
    staging: Path | None = None
    """The folder that `StagingCsiDriver.stage` was given."""
    attributes: Mapping[str, str] = EMPTY
    """``volumeAttributes``; where the CSIDriver asks for it, with ``csi.storage.k8s.io/pod.name`` and so on."""
    secrets: Mapping[str, str] = EMPTY
    """What ``nodePublishSecretRef`` (when staging, ``nodeStageSecretRef``) names."""
    fs_type: str = ""
    read_only: bool = False
    mount_options: tuple[str, ...] = ()
    access_modes: tuple[str, ...] = ()
    ephemeral: bool = False
    """It lives as long as the pod."""
    pod: Pod


class CsiDriver(Protocol):
    """Volumes of one name, on one node."""

    about: CSIDriverSpec
    """How its volumes are treated: the spec of the CSIDriver object, which is made where there is none of the name."""

    def publish(self, request: CsiRequest) -> Path:
        """Have the volume be there for the pod, and say where: ``request.target``, or a folder that stays elsewhere.

        Raises `VolumeFailure` in words for the user: they become an event, and it is tried again.
        """
        ...

    def unpublish(self, handle: str, target: Path) -> None:
        """The pod is gone: take back what `publish` made; what is in ``target`` then is removed."""
        ...


@runtime_checkable
class StagingCsiDriver(CsiDriver, Protocol):
    """One that prepares a PersistentVolume once for all pods of a node."""

    def stage(self, request: CsiRequest, staging: Path) -> None:
        """Before the first `publish` on this node. ``staging`` is an empty folder at first. Raises `VolumeFailure`."""
        ...

    def unstage(self, handle: str, staging: Path) -> None:
        """After the last `unpublish`."""
        ...


@frozen(kw_only=True)
class CsiMade:
    """A volume that a driver has made."""

    handle: str
    """What the driver knows it by from now on."""
    attributes: Mapping[str, str] = EMPTY
    """Come back in `CsiRequest.attributes`."""


@runtime_checkable
class ProvisioningCsiDriver(CsiDriver, Protocol):
    """One that makes volumes for claims. All three raise `ProvisioningFailure`."""

    node_bound: bool
    """Volumes are only there for pods of the node that made them."""

    def create(self, request: ProvisionRequest) -> CsiMade:
        """Make a volume; asked again for the same name, the same one."""
        ...

    def delete(self, handle: str) -> None: ...

    def expand(self, handle: str, size: int) -> None:
        """Let it hold so many bytes from now on."""
        ...
