"""Volumes that live on storage systems of other makers (accepted, stored, and refused by nodes without a driver)."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.references import LocalObjectReference
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
class GCEPersistentDiskVolumeSource:
    """A Google Compute Engine disk."""

    pd_name: str = wire(required=True, emit="always")
    """The disk's name in Google Compute Engine."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    partition: int = wire(default=0, format="int32")
    """The number of the partition to mount. Defaults to 0: the whole disk."""
    read_only: bool = False
    """Whether the disk is attached and mounted read-only. Defaults to false."""


@model
class AWSElasticBlockStoreVolumeSource:
    """An Amazon EBS disk."""

    volume_id: str = wire(name="volumeID", required=True, emit="always")
    """The disk's ID in AWS."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    partition: int = wire(default=0, format="int32")
    """The number of the partition to mount. Defaults to 0: the whole disk."""
    read_only: bool = False
    """Whether the disk is mounted read-only. Defaults to false."""


@model
class GitRepoVolumeSource:
    """A git repository (deprecated)."""

    repository: str = wire(required=True, emit="always")
    """The repository's URL."""
    revision: str | None = None
    """The commit to check out."""
    directory: str | None = None
    """The directory to put the checkout in; ``.`` for the volume's root. Must not contain ``..``.
    Defaults to the repository's name.
    """


@model
class NFSVolumeSource:
    """An NFS export."""

    server: str = wire(required=True, emit="always")
    """The server's host name or address."""
    path: str = wire(required=True, emit="always")
    """The exported directory, as an absolute path."""
    read_only: bool = False
    """Whether the directory is mounted read-only. Defaults to false."""


@model
class ISCSIVolumeSource(ISCSIVolume):
    """An iSCSI disk."""

    secret_ref: LocalObjectReference | None = None
    """The Secret with the CHAP names and passwords."""
    initiator_name: str | None = None
    """The initiator's own qualified name. Defaults to the node's."""


@model
class GlusterfsVolumeSource(GlusterfsVolume):
    """A Glusterfs volume (deprecated)."""


@model
class RBDVolumeSource(RBDVolume):
    """A Ceph block device (deprecated)."""

    secret_ref: LocalObjectReference | None = None
    """The Secret with the user's key, instead of ``keyring``."""


@model
class FlexVolumeSource(FlexVolume):
    """A volume by a FlexVolume driver (deprecated)."""

    secret_ref: LocalObjectReference | None = None
    """A Secret whose keys are handed to the driver."""


@model
class CinderVolumeSource(CinderVolume):
    """An OpenStack Cinder disk."""

    secret_ref: LocalObjectReference | None = None
    """The Secret with the credentials for OpenStack."""


@model
class CephFSVolumeSource(CephFSVolume):
    """A Ceph file system (deprecated)."""

    secret_ref: LocalObjectReference | None = None
    """The Secret with the user's key, instead of ``secretFile``."""


@model
class FlockerVolumeSource:
    """A Flocker dataset (deprecated)."""

    dataset_name: str | None = None
    """The dataset's name. Deprecated in favour of its UUID."""
    dataset_uuid: str | None = wire(default=None, name="datasetUUID")
    """The dataset's UUID."""


@model
class FCVolumeSource:
    """A Fibre Channel disk."""

    target_wwns: tuple[str, ...] = wire(default=(), name="targetWWNs", list_type="atomic")
    """World wide names of the targets, together with ``lun``. Not together with ``wwids``."""
    lun: int | None = wire(default=None, format="int32")
    """The number of the targets' logical unit."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    read_only: bool = False
    """Whether the disk is mounted read-only. Defaults to false."""
    wwids: tuple[str, ...] = wire(default=(), list_type="atomic")
    """World wide identifiers of the disk itself. Not together with ``targetWWNs`` and ``lun``."""


@model
class AzureFileVolumeSource(AzureFileVolume):
    """An Azure file share."""


@model
class VsphereVirtualDiskVolumeSource:
    """A vSphere disk."""

    volume_path: str = wire(required=True, emit="always")
    """The path of the disk's file (``vmdk``)."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    storage_policy_name: str | None = None
    """The name of the storage policy."""
    storage_policy_id: str | None = wire(default=None, name="storagePolicyID")
    """The ID of the storage policy."""


@model
class QuobyteVolumeSource:
    """A Quobyte volume (deprecated)."""

    registry: str = wire(required=True, emit="always")
    """The registries of the Quobyte system, as ``host:port``, separated by commas."""
    volume: str = wire(required=True, emit="always")
    """The volume's name."""
    read_only: bool = False
    """Whether the volume is mounted read-only. Defaults to false."""
    user: str | None = None
    """The user that accesses the volume. Defaults to the owner of the service account."""
    group: str | None = None
    """The group that accesses the volume. Defaults to none."""
    tenant: str | None = None
    """The tenant that the volume belongs to."""


@model
class AzureDiskVolumeSource:
    """An Azure data disk."""

    disk_name: str = wire(required=True, emit="always")
    """The disk's name."""
    disk_uri: str = wire(name="diskURI", required=True, emit="always")
    """The disk's address in the blob storage, or its resource ID if it is managed."""
    caching_mode: str | None = wire(
        default=None, keep_zero=True, api_default="ReadWrite", enum=("None", "ReadOnly", "ReadWrite")
    )
    """How the host caches the disk. Defaults to ``ReadWrite``."""
    fs_type: str | None = wire(default=None, keep_zero=True, api_default="ext4")
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    read_only: bool | None = wire(default=None, api_default=False)
    """Whether the disk is mounted read-only. Defaults to false."""
    kind: str | None = wire(default=None, keep_zero=True, api_default="Shared", enum=("Dedicated", "Managed", "Shared"))
    """Whether the disk is a blob of a shared or of its own storage account, or managed. Defaults to ``Shared``."""


@model
class PhotonPersistentDiskVolumeSource:
    """A Photon disk (deprecated)."""

    pd_id: str = wire(name="pdID", required=True, emit="always")
    """The disk's ID."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""


@model
class PortworxVolumeSource:
    """A Portworx volume."""

    volume_id: str = wire(name="volumeID", required=True, emit="always")
    """The volume's ID in Portworx."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    read_only: bool = False
    """Whether the volume is mounted read-only. Defaults to false."""


@model
class ScaleIOVolumeSource(ScaleIOVolume):
    """A ScaleIO volume (deprecated)."""

    secret_ref: LocalObjectReference = wire(required=True, emit="null")
    """The Secret with the user's name and password."""


@model
class StorageOSVolumeSource(StorageOSVolume):
    """A StorageOS volume (deprecated)."""

    secret_ref: LocalObjectReference | None = None
    """The Secret with the credentials for StorageOS."""


@model
class CSIVolumeSource:
    """An ephemeral volume by a CSI driver."""

    driver: str = wire(required=True, emit="always")
    """The driver's name, as it is registered in the cluster."""
    read_only: bool | None = None
    """Whether the volume is mounted read-only. Defaults to false."""
    fs_type: str | None = wire(default=None, keep_zero=True)
    """The file system to mount. The driver has its own default."""
    volume_attributes: Mapping[str, str] = EMPTY
    """Settings for the driver, which documents them."""
    node_publish_secret_ref: LocalObjectReference | None = None
    """A Secret that is handed to the driver for the mount."""
