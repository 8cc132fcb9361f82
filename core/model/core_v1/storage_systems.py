"""What a volume on a storage system of another maker is, whether a pod names it or a PersistentVolume stands for it.

The two differ in how they refer to a Secret: a pod's is in its own namespace.
"""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.meta import EMPTY, model, wire


@model
class GlusterfsVolume:
    """A Glusterfs volume (deprecated)."""

    endpoints: str = wire(required=True, emit="always")
    """The Endpoints object that names the servers."""
    path: str = wire(required=True, emit="always")
    """The Glusterfs volume's name."""
    read_only: bool = False
    """Whether the volume is mounted read-only. Defaults to false."""


@model
class RBDVolume:
    """A Ceph block device (deprecated)."""

    monitors: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """Addresses of the Ceph monitors."""
    image: str = wire(required=True, emit="always")
    """The image's name."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    pool: str | None = wire(default=None, api_default="rbd")
    """The pool that the image is in. Defaults to ``rbd``."""
    user: str | None = wire(default=None, api_default="admin")
    """The Ceph user. Defaults to ``admin``."""
    keyring: str | None = wire(default=None, api_default="/etc/ceph/keyring")
    """The node's file with the user's key. Defaults to ``/etc/ceph/keyring``."""
    read_only: bool = False
    """Whether the image is mounted read-only. Defaults to false."""


@model
class ISCSIVolume:
    """An iSCSI disk."""

    target_portal: str = wire(required=True, emit="always")
    """The target's address, with the port if it is not 860 or 3260."""
    iqn: str = wire(required=True, emit="always")
    """The target's qualified name, such as ``iqn.2001-04.com.example:disk``."""
    lun: int = wire(default=0, required=True, emit="always", format="int32")
    """The number of the logical unit."""
    iscsi_interface: str | None = wire(default=None, api_default="default")
    """The initiator's interface (transport). Defaults to ``default``, which is TCP."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    read_only: bool = False
    """Whether the disk is mounted read-only. Defaults to false."""
    portals: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Further addresses of the target, written like ``targetPortal``."""
    chap_auth_discovery: bool = False
    """Whether discovery authenticates by CHAP. Defaults to false."""
    chap_auth_session: bool = False
    """Whether the session authenticates by CHAP. Defaults to false."""


@model
class CinderVolume:
    """An OpenStack Cinder disk."""

    volume_id: str = wire(name="volumeID", required=True, emit="always")
    """The disk's ID in Cinder."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    read_only: bool = False
    """Whether the disk is mounted read-only. Defaults to false."""


@model
class CephFSVolume:
    """A Ceph file system (deprecated)."""

    monitors: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """Addresses of the Ceph monitors."""
    path: str | None = None
    """The directory to mount. Defaults to ``/``."""
    user: str | None = None
    """The Ceph user. Defaults to ``admin``."""
    secret_file: str | None = None
    """The node's file with the user's key. Defaults to ``/etc/ceph/user.secret``."""
    read_only: bool = False
    """Whether the directory is mounted read-only. Defaults to false."""


@model
class FlexVolume:
    """A volume by a FlexVolume driver (deprecated)."""

    driver: str = wire(required=True, emit="always")
    """The driver's name, such as ``example.com/disk``."""
    fs_type: str | None = None
    """The file system to mount. The driver has its own default."""
    read_only: bool = False
    """Whether the volume is mounted read-only. Defaults to false."""
    options: Mapping[str, str] = EMPTY
    """Further settings for the driver."""


@model
class AzureFileVolume:
    """An Azure file share."""

    secret_name: str = wire(required=True, emit="always")
    """The Secret with the storage account's name and key."""
    share_name: str = wire(required=True, emit="always")
    """The share's name."""
    read_only: bool = False
    """Whether the share is mounted read-only. Defaults to false."""


@model
class ScaleIOVolume:
    """A ScaleIO volume (deprecated)."""

    gateway: str = wire(required=True, emit="always")
    """The address of the ScaleIO gateway."""
    system: str = wire(required=True, emit="always")
    """The storage system's name in ScaleIO."""
    ssl_enabled: bool = False
    """Whether the gateway is spoken to over TLS. Defaults to false."""
    protection_domain: str | None = None
    """The protection domain of the storage."""
    storage_pool: str | None = None
    """The storage pool in the protection domain."""
    storage_mode: str | None = wire(default=None, api_default="ThinProvisioned")
    """How space is provided: ``ThickProvisioned`` or ``ThinProvisioned``. Defaults to ``ThinProvisioned``."""
    volume_name: str | None = None
    """The volume's name in ScaleIO."""
    fs_type: str | None = wire(default=None, api_default="xfs")
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``xfs``."""
    read_only: bool = False
    """Whether the volume is mounted read-only. Defaults to false."""


@model
class StorageOSVolume:
    """A StorageOS volume (deprecated)."""

    volume_name: str | None = None
    """The volume's name in StorageOS."""
    volume_namespace: str | None = None
    """The namespace of the volume in StorageOS. Defaults to the pod's."""
    fs_type: str | None = None
    """The file system to mount, such as ``ext4`` or ``xfs``. Defaults to ``ext4``."""
    read_only: bool = False
    """Whether the volume is mounted read-only. Defaults to false."""
