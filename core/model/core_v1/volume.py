"""A pod's volumes."""

from __future__ import annotations

from sampan.core.model.core_v1.claim_template import EphemeralVolumeSource
from sampan.core.model.core_v1.projection import (
    ConfigMapVolumeSource,
    DownwardAPIVolumeSource,
    ProjectedVolumeSource,
    SecretVolumeSource,
)
from sampan.core.model.core_v1.volume_network import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    AzureFileVolumeSource,
    CephFSVolumeSource,
    CinderVolumeSource,
    CSIVolumeSource,
    FCVolumeSource,
    FlexVolumeSource,
    FlockerVolumeSource,
    GCEPersistentDiskVolumeSource,
    GitRepoVolumeSource,
    GlusterfsVolumeSource,
    ISCSIVolumeSource,
    NFSVolumeSource,
    PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource,
    QuobyteVolumeSource,
    RBDVolumeSource,
    ScaleIOVolumeSource,
    StorageOSVolumeSource,
    VsphereVirtualDiskVolumeSource,
)
from sampan.core.model.meta import Quantity, model, wire


@model
class HostPathVolumeSource:
    """A file or directory of the node."""

    path: str = wire(required=True, emit="always")
    """The path on the node. A symbolic link is followed."""
    type: str | None = wire(
        default=None,
        keep_zero=True,
        api_default="",
        enum=("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"),
    )
    """What must be there before the mount, or is made if nothing is. Defaults to the empty text: no check."""


@model
class EmptyDirVolumeSource:
    """A directory that lives as long as the pod."""

    medium: str | None = None
    """Where the files are kept: empty for the node's disk, ``Memory`` for RAM (counted as the container's memory)."""
    size_limit: Quantity | None = None
    """How much may be stored; the pod is evicted if there is more. Left out, as much as there is."""


@model
class PersistentVolumeClaimVolumeSource:
    """A volume by its claim."""

    claim_name: str = wire(required=True, emit="always")
    """The claim's name, in the pod's namespace."""
    read_only: bool = False
    """Makes every mount of the volume read-only. Defaults to false."""


@model
class ImageVolumeSource:
    """The files of an image, read-only."""

    reference: str | None = None
    """The image, written as for a container."""
    pull_policy: str | None = wire(default=None, enum=("Always", "IfNotPresent", "Never"))
    """When the image is pulled. Defaults to ``Always`` for the tag ``latest`` or none,
    otherwise to ``IfNotPresent``.
    """


@model
class Volume:
    """A named volume of a pod: exactly one source (an empty directory where there is none)."""

    name: str = wire(required=True, emit="always")
    """What mounts call the volume: a DNS label, unique in the pod."""
    host_path: HostPathVolumeSource | None = None
    """A file or directory of the node. It lets the pod into the node's files: avoid it where you can."""
    empty_dir: EmptyDirVolumeSource | None = None
    """An empty directory that lives as long as the pod."""
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    """A Google Compute Engine disk. Deprecated: use its CSI driver."""
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    """An Amazon EBS disk. Deprecated: use its CSI driver."""
    git_repo: GitRepoVolumeSource | None = None
    """A checkout of a git repository. Deprecated and off by default: clone it in an init container instead."""
    secret: SecretVolumeSource | None = None
    """The keys of a Secret as files, kept up to date."""
    nfs: NFSVolumeSource | None = None
    """A directory of an NFS server."""
    iscsi: ISCSIVolumeSource | None = None
    """An iSCSI disk."""
    glusterfs: GlusterfsVolumeSource | None = None
    """A Glusterfs volume. Deprecated, and no longer supported."""
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    """The volume that a claim of the namespace is bound to. It outlives the pod."""
    rbd: RBDVolumeSource | None = None
    """A Ceph block device. Deprecated, and no longer supported."""
    flex_volume: FlexVolumeSource | None = None
    """A volume made by a program on the node. Deprecated: use a CSI driver."""
    cinder: CinderVolumeSource | None = None
    """An OpenStack Cinder disk. Deprecated: use its CSI driver."""
    cephfs: CephFSVolumeSource | None = None
    """A directory of a Ceph file system. Deprecated, and no longer supported."""
    flocker: FlockerVolumeSource | None = None
    """A Flocker dataset. Deprecated, and no longer supported."""
    downward_api: DownwardAPIVolumeSource | None = wire(default=None, name="downwardAPI")
    """Fields of the pod as files, kept up to date."""
    fc: FCVolumeSource | None = None
    """A Fibre Channel disk."""
    azure_file: AzureFileVolumeSource | None = None
    """An Azure file share. Deprecated: use its CSI driver."""
    config_map: ConfigMapVolumeSource | None = None
    """The keys of a ConfigMap as files, kept up to date."""
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None
    """A vSphere disk. Deprecated: use its CSI driver."""
    quobyte: QuobyteVolumeSource | None = None
    """A Quobyte volume. Deprecated, and no longer supported."""
    azure_disk: AzureDiskVolumeSource | None = None
    """An Azure data disk. Deprecated: use its CSI driver."""
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    """A Photon disk. Deprecated, and no longer supported."""
    projected: ProjectedVolumeSource | None = None
    """Secrets, ConfigMaps, pod fields and tokens together in one directory."""
    portworx_volume: PortworxVolumeSource | None = None
    """A Portworx volume. Deprecated: use its CSI driver."""
    scale_io: ScaleIOVolumeSource | None = wire(default=None, name="scaleIO")
    """A ScaleIO volume. Deprecated, and no longer supported."""
    storageos: StorageOSVolumeSource | None = None
    """A StorageOS volume. Deprecated, and no longer supported."""
    csi: CSIVolumeSource | None = None
    """A volume that a CSI driver makes for this pod and deletes with it."""
    ephemeral: EphemeralVolumeSource | None = None
    """A volume that is made through a claim of its own for this pod, and deleted with it."""
    image: ImageVolumeSource | None = None
    """The files of a container image or OCI artifact, read-only."""
