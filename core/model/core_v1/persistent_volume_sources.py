"""The sorts of storage that a PersistentVolume can stand for, beside those that pods name directly."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.core_v1.secret_reference import SecretReference
from sampan.core.model.core_v1.storage_systems import (
    AzureFileVolume,
    CephFSVolume,
    CinderVolume,
    FlexVolume,
    GlusterfsVolume,
    ISCSIVolume,
    RBDVolume,
    ScaleIOVolume,
    StorageOSVolume,
)
from sampan.core.model.meta import EMPTY, model, wire


@model
class LocalVolumeSource:
    """A disk, partition or directory of one node."""

    path: str = wire(required=True, emit="always")
    """The path on the node: a directory, or a block device."""
    fs_type: str | None = wire(default=None, keep_zero=True)
    """The file system that the device is formatted with, such as ``ext4``. Only for block devices; left out, it is
    guessed.
    """


@model
class GlusterfsPersistentVolumeSource(GlusterfsVolume):
    """A Glusterfs volume. No longer supported: nothing can mount it."""

    endpoints_namespace: str | None = wire(default=None, keep_zero=True)
    """Where the Endpoints object is. Left out, in the claim's namespace."""


@model
class RBDPersistentVolumeSource(RBDVolume):
    """A Ceph block device."""

    secret_ref: SecretReference | None = None
    """The Secret with the user's key."""


@model
class ISCSIPersistentVolumeSource(ISCSIVolume):
    """A disk that is reached by iSCSI."""

    secret_ref: SecretReference | None = None
    """The Secret for CHAP."""
    initiator_name: str | None = wire(default=None, keep_zero=True)
    """The initiator's own qualified name. Given together with an interface, a new interface is made for it."""


@model
class CinderPersistentVolumeSource(CinderVolume):
    """A volume of OpenStack Cinder."""

    secret_ref: SecretReference | None = None
    """The Secret with what is needed to connect to OpenStack."""


@model
class CephFSPersistentVolumeSource(CephFSVolume):
    """A Ceph file system."""

    secret_ref: SecretReference | None = None
    """The Secret with the user's key."""


@model
class FlexPersistentVolumeSource(FlexVolume):
    """A volume of an executable driver on the node."""

    secret_ref: SecretReference | None = None
    """A Secret with what the driver must not see in the open. All its keys are handed over."""


@model
class AzureFilePersistentVolumeSource(AzureFileVolume):
    """A share of Azure Files."""

    secret_namespace: str | None = wire(default=None, emit="null", keep_zero=True)
    """Where the Secret is. Left out, in the claim's namespace."""


@model
class ScaleIOPersistentVolumeSource(ScaleIOVolume):
    """A ScaleIO volume. No longer supported: nothing can mount it."""

    secret_ref: SecretReference | None = wire(default=None, required=True, emit="null")
    """The Secret with user and password. Without it no login succeeds."""


@model
class StorageOSPersistentVolumeSource(StorageOSVolume):
    """A StorageOS volume. No longer supported: nothing can mount it."""

    secret_ref: ObjectReference | None = None
    """The Secret for the StorageOS API. Left out, the defaults of the installation are tried."""


@model
class CSIPersistentVolumeSource:
    """A volume of a CSI driver."""

    driver: str = wire(required=True, emit="always")
    """The driver's name, as in its CSIDriver."""
    volume_handle: str = wire(required=True, emit="always")
    """The volume's name at the driver, which later calls name it by. Immutable."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4``."""
    volume_attributes: Mapping[str, str] = EMPTY
    """Properties that the driver gave the volume when it made it."""
    controller_publish_secret_ref: SecretReference | None = None
    """A Secret for attaching the volume to a node and detaching it."""
    node_stage_secret_ref: SecretReference | None = None
    """A Secret for the first mount of the volume on a node."""
    node_publish_secret_ref: SecretReference | None = None
    """A Secret for the mount into a pod."""
    controller_expand_secret_ref: SecretReference | None = None
    """A Secret for making the volume larger at its storage."""
    node_expand_secret_ref: SecretReference | None = None
    """A Secret for making the file system larger on its node."""
