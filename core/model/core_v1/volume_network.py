"""Volumes that live on storage systems of other makers (accepted, stored, and refused by nodes without a driver)."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.references import LocalObjectReference
from sampan.core.model.meta import EMPTY, model, wire


@model
class GCEPersistentDiskVolumeSource:
    """A Google Compute Engine disk."""

    pd_name: str = wire(required=True, emit="always")
    fs_type: str | None = None
    partition: int = wire(default=0, format="int32")
    read_only: bool = False


@model
class AWSElasticBlockStoreVolumeSource:
    """An Amazon EBS disk."""

    volume_id: str = wire(name="volumeID", required=True, emit="always")
    fs_type: str | None = None
    partition: int = wire(default=0, format="int32")
    read_only: bool = False


@model
class GitRepoVolumeSource:
    """A git repository (deprecated)."""

    repository: str = wire(required=True, emit="always")
    revision: str | None = None
    directory: str | None = None


@model
class NFSVolumeSource:
    """An NFS export."""

    server: str = wire(required=True, emit="always")
    path: str = wire(required=True, emit="always")
    read_only: bool = False


@model
class ISCSIVolumeSource:
    """An iSCSI disk."""

    target_portal: str = wire(required=True, emit="always")
    iqn: str = wire(required=True, emit="always")
    lun: int = wire(required=True, emit="always", format="int32")
    iscsi_interface: str | None = wire(default=None, api_default="default")
    fs_type: str | None = None
    read_only: bool = False
    portals: tuple[str, ...] = wire(default=(), list_type="atomic")
    chap_auth_discovery: bool = False
    chap_auth_session: bool = False
    secret_ref: LocalObjectReference | None = None
    initiator_name: str | None = None


@model
class GlusterfsVolumeSource:
    """A Glusterfs volume (deprecated)."""

    endpoints: str = wire(required=True, emit="always")
    path: str = wire(required=True, emit="always")
    read_only: bool = False


@model
class RBDVolumeSource:
    """A Ceph block device (deprecated)."""

    monitors: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    image: str = wire(required=True, emit="always")
    fs_type: str | None = None
    pool: str | None = wire(default=None, api_default="rbd")
    user: str | None = wire(default=None, api_default="admin")
    keyring: str | None = wire(default=None, api_default="/etc/ceph/keyring")
    secret_ref: LocalObjectReference | None = None
    read_only: bool = False


@model
class FlexVolumeSource:
    """A volume by a FlexVolume driver (deprecated)."""

    driver: str = wire(required=True, emit="always")
    fs_type: str | None = None
    secret_ref: LocalObjectReference | None = None
    read_only: bool = False
    options: Mapping[str, str] = EMPTY


@model
class CinderVolumeSource:
    """An OpenStack Cinder disk."""

    volume_id: str = wire(name="volumeID", required=True, emit="always")
    fs_type: str | None = None
    read_only: bool = False
    secret_ref: LocalObjectReference | None = None


@model
class CephFSVolumeSource:
    """A Ceph file system (deprecated)."""

    monitors: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    path: str | None = None
    user: str | None = None
    secret_file: str | None = None
    secret_ref: LocalObjectReference | None = None
    read_only: bool = False


@model
class FlockerVolumeSource:
    """A Flocker dataset (deprecated)."""

    dataset_name: str | None = None
    dataset_uuid: str | None = wire(default=None, name="datasetUUID")


@model
class FCVolumeSource:
    """A Fibre Channel disk."""

    target_wwns: tuple[str, ...] = wire(default=(), name="targetWWNs", list_type="atomic")
    lun: int | None = wire(default=None, format="int32")
    fs_type: str | None = None
    read_only: bool = False
    wwids: tuple[str, ...] = wire(default=(), list_type="atomic")


@model
class AzureFileVolumeSource:
    """An Azure file share."""

    secret_name: str = wire(required=True, emit="always")
    share_name: str = wire(required=True, emit="always")
    read_only: bool = False


@model
class VsphereVirtualDiskVolumeSource:
    """A vSphere disk."""

    volume_path: str = wire(required=True, emit="always")
    fs_type: str | None = None
    storage_policy_name: str | None = None
    storage_policy_id: str | None = wire(default=None, name="storagePolicyID")


@model
class QuobyteVolumeSource:
    """A Quobyte volume (deprecated)."""

    registry: str = wire(required=True, emit="always")
    volume: str = wire(required=True, emit="always")
    read_only: bool = False
    user: str | None = None
    group: str | None = None
    tenant: str | None = None


@model
class AzureDiskVolumeSource:
    """An Azure data disk."""

    disk_name: str = wire(required=True, emit="always")
    disk_uri: str = wire(name="diskURI", required=True, emit="always")
    caching_mode: str | None = wire(
        default=None, keep_zero=True, api_default="ReadWrite", enum=("None", "ReadOnly", "ReadWrite")
    )
    fs_type: str | None = wire(default=None, keep_zero=True, api_default="ext4")
    read_only: bool | None = wire(default=None, api_default=False)
    kind: str | None = wire(default=None, keep_zero=True, api_default="Shared", enum=("Dedicated", "Managed", "Shared"))


@model
class PhotonPersistentDiskVolumeSource:
    """A Photon disk (deprecated)."""

    pd_id: str = wire(name="pdID", required=True, emit="always")
    fs_type: str | None = None


@model
class PortworxVolumeSource:
    """A Portworx volume."""

    volume_id: str = wire(name="volumeID", required=True, emit="always")
    fs_type: str | None = None
    read_only: bool = False


@model
class ScaleIOVolumeSource:
    """A ScaleIO volume (deprecated)."""

    gateway: str = wire(required=True, emit="always")
    system: str = wire(required=True, emit="always")
    secret_ref: LocalObjectReference = wire(required=True, emit="null")
    ssl_enabled: bool = False
    protection_domain: str | None = None
    storage_pool: str | None = None
    storage_mode: str | None = wire(default=None, api_default="ThinProvisioned")
    volume_name: str | None = None
    fs_type: str | None = wire(default=None, api_default="xfs")
    read_only: bool = False


@model
class StorageOSVolumeSource:
    """A StorageOS volume (deprecated)."""

    volume_name: str | None = None
    volume_namespace: str | None = None
    fs_type: str | None = None
    read_only: bool = False
    secret_ref: LocalObjectReference | None = None


@model
class CSIVolumeSource:
    """An ephemeral volume by a CSI driver."""

    driver: str = wire(required=True, emit="always")
    read_only: bool | None = None
    fs_type: str | None = wire(default=None, keep_zero=True)
    volume_attributes: Mapping[str, str] = EMPTY
    node_publish_secret_ref: LocalObjectReference | None = None
