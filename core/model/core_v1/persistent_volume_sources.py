"""The sorts of storage that a PersistentVolume can stand for, beside those that pods name directly."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.core_v1.secret_reference import SecretReference
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
class GlusterfsPersistentVolumeSource:
    """A Glusterfs volume. No longer supported: nothing can mount it."""

    endpoints: str = wire(required=True, emit="always")
    """The Endpoints object that holds the addresses of the Glusterfs servers."""
    path: str = wire(required=True, emit="always")
    """The volume's name at the Glusterfs servers."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""
    endpoints_namespace: str | None = wire(default=None, keep_zero=True)
    """Where the Endpoints object is. Left out, in the claim's namespace."""


@model
class RBDPersistentVolumeSource:
    """A Ceph block device."""

    monitors: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """Addresses of the Ceph monitors."""
    image: str = wire(required=True, emit="always")
    """The name of the RBD image."""
    fs_type: str | None = None
    """The file system of the device, such as ``ext4``."""
    pool: str | None = wire(default=None, api_default="rbd")
    """The pool that the image is in. Defaults to ``rbd``."""
    user: str | None = wire(default=None, api_default="admin")
    """The Ceph user to log in as. Defaults to ``admin``."""
    keyring: str | None = wire(default=None, api_default="/etc/ceph/keyring")
    """The file with the user's key. Defaults to ``/etc/ceph/keyring``; a ``secretRef`` goes before it."""
    secret_ref: SecretReference | None = None
    """The Secret with the user's key."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""


@model
class ISCSIPersistentVolumeSource:
    """A disk that is reached by iSCSI."""

    target_portal: str = wire(required=True, emit="always")
    """The target's address, with its port unless that is 860 or 3260."""
    iqn: str = wire(required=True, emit="always")
    """The qualified name of the target."""
    lun: int = wire(default=0, required=True, format="int32", emit="always")
    """The number of the logical unit, from 0 to 255."""
    iscsi_interface: str | None = wire(default=None, api_default="default")
    """The iSCSI transport. Defaults to ``default``, which is TCP."""
    fs_type: str | None = None
    """The file system of the disk, such as ``ext4``."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""
    portals: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Further addresses of the same target, to reach it another way."""
    chap_auth_discovery: bool = False
    """Whether CHAP authenticates the discovery of targets."""
    chap_auth_session: bool = False
    """Whether CHAP authenticates the session."""
    secret_ref: SecretReference | None = None
    """The Secret for CHAP."""
    initiator_name: str | None = wire(default=None, keep_zero=True)
    """The initiator's own qualified name. Given together with an interface, a new interface is made for it."""


@model
class CinderPersistentVolumeSource:
    """A volume of OpenStack Cinder."""

    volume_id: str = wire(name="volumeID", required=True, emit="always")
    """The volume's ID at Cinder."""
    fs_type: str | None = None
    """The file system of the volume, such as ``ext4``."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""
    secret_ref: SecretReference | None = None
    """The Secret with what is needed to connect to OpenStack."""


@model
class CephFSPersistentVolumeSource:
    """A Ceph file system."""

    monitors: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """Addresses of the Ceph monitors."""
    path: str | None = None
    """The directory of the file system that becomes the volume's root. Defaults to ``/``."""
    user: str | None = None
    """The Ceph user to log in as. Defaults to ``admin``."""
    secret_file: str | None = None
    """The file with the user's key. Defaults to ``/etc/ceph/user.secret``; a ``secretRef`` goes before it."""
    secret_ref: SecretReference | None = None
    """The Secret with the user's key."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""


@model
class FlexPersistentVolumeSource:
    """A volume of an executable driver on the node."""

    driver: str = wire(required=True, emit="always")
    """The driver's name."""
    fs_type: str | None = None
    """The file system of the volume. Left out, the driver decides."""
    secret_ref: SecretReference | None = None
    """A Secret with what the driver must not see in the open. All its keys are handed over."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""
    options: Mapping[str, str] = EMPTY
    """Settings for the driver."""


@model
class AzureFilePersistentVolumeSource:
    """A share of Azure Files."""

    secret_name: str = wire(required=True, emit="always")
    """The Secret with the storage account's name and key."""
    share_name: str = wire(required=True, emit="always")
    """The name of the share."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""
    secret_namespace: str | None = wire(default=None, emit="null", keep_zero=True)
    """Where the Secret is. Left out, in the claim's namespace."""


@model
class ScaleIOPersistentVolumeSource:
    """A ScaleIO volume. No longer supported: nothing can mount it."""

    gateway: str = wire(required=True, emit="always")
    """The address of the ScaleIO gateway."""
    system: str = wire(required=True, emit="always")
    """The name of the storage system as set up in ScaleIO."""
    secret_ref: SecretReference | None = wire(default=None, required=True, emit="null")
    """The Secret with user and password. Without it no login succeeds."""
    ssl_enabled: bool = False
    """Whether the gateway is talked to by TLS. Defaults to false."""
    protection_domain: str | None = None
    """The protection domain of the storage."""
    storage_pool: str | None = None
    """The pool within the protection domain."""
    storage_mode: str | None = wire(default=None, api_default="ThinProvisioned")
    """How space is set aside: ``ThinProvisioned`` (the default) or ``ThickProvisioned``."""
    volume_name: str | None = None
    """The name of a volume that is there already."""
    fs_type: str | None = wire(default=None, api_default="xfs")
    """The file system of the volume. Defaults to ``xfs``."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""


@model
class StorageOSPersistentVolumeSource:
    """A StorageOS volume. No longer supported: nothing can mount it."""

    volume_name: str | None = None
    """The volume's name, which is unique in its StorageOS namespace."""
    volume_namespace: str | None = None
    """The StorageOS namespace of the volume. Left out, the pod's namespace."""
    fs_type: str | None = None
    """The file system of the volume, such as ``ext4``."""
    read_only: bool = False
    """Whether it is mounted to be read only. Defaults to false."""
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
