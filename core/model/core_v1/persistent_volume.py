"""PersistentVolume: storage that outlives pods."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.columns.core_v1.persistent_volume import PERSISTENT_VOLUME_COLUMNS
from sampan.core.model.core_v1.affinity import NodeSelector
from sampan.core.model.core_v1.persistent_volume_sources import (
    AzureFilePersistentVolumeSource,
    CephFSPersistentVolumeSource,
    CinderPersistentVolumeSource,
    CSIPersistentVolumeSource,
    FlexPersistentVolumeSource,
    GlusterfsPersistentVolumeSource,
    ISCSIPersistentVolumeSource,
    LocalVolumeSource,
    RBDPersistentVolumeSource,
    ScaleIOPersistentVolumeSource,
    StorageOSPersistentVolumeSource,
)
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.core_v1.volume import HostPathVolumeSource
from sampan.core.model.core_v1.volume_network import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    FCVolumeSource,
    FlockerVolumeSource,
    GCEPersistentDiskVolumeSource,
    NFSVolumeSource,
    PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource,
    QuobyteVolumeSource,
    VsphereVirtualDiskVolumeSource,
)
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.rules.core_v1.persistent_volume import PersistentVolumeRules, validate_persistent_volume


@model
class VolumeNodeAffinity:
    """Where a volume can be reached from."""

    required: NodeSelector | None = None
    """What must be true of a node for the volume to be reached from it."""


@model
class PersistentVolumeSpec:
    """What the storage is, how large, and who has it. Exactly one sort of storage is named."""

    capacity: Mapping[str, Quantity] = EMPTY
    """How large the volume is, as ``storage``."""
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    """A disk of Google Compute Engine."""
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    """A disk of Amazon's Elastic Block Store."""
    host_path: HostPathVolumeSource | None = None
    """A directory of a node. Only sensible where there is a single node."""
    glusterfs: GlusterfsPersistentVolumeSource | None = None
    """A Glusterfs volume, which nothing can mount any more."""
    nfs: NFSVolumeSource | None = None
    """A directory of an NFS server."""
    rbd: RBDPersistentVolumeSource | None = None
    """A Ceph block device, which needs a CSI driver by now."""
    iscsi: ISCSIPersistentVolumeSource | None = None
    """A disk that is reached by iSCSI."""
    cinder: CinderPersistentVolumeSource | None = None
    """A volume of OpenStack Cinder."""
    cephfs: CephFSPersistentVolumeSource | None = None
    """A Ceph file system, which needs a CSI driver by now."""
    fc: FCVolumeSource | None = None
    """A disk that is reached by Fibre Channel."""
    flocker: FlockerVolumeSource | None = None
    """A Flocker dataset, which nothing can mount any more."""
    flex_volume: FlexPersistentVolumeSource | None = None
    """A volume of an executable driver on the node. CSI has taken its place."""
    azure_file: AzureFilePersistentVolumeSource | None = None
    """A share of Azure Files."""
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None
    """A disk of a vSphere datastore."""
    quobyte: QuobyteVolumeSource | None = None
    """A Quobyte volume, which nothing can mount any more."""
    azure_disk: AzureDiskVolumeSource | None = None
    """A data disk of Azure."""
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    """A Photon disk, which nothing can mount any more."""
    portworx_volume: PortworxVolumeSource | None = None
    """A Portworx volume, which its CSI driver mounts."""
    scale_io: ScaleIOPersistentVolumeSource | None = wire(default=None, name="scaleIO")
    """A ScaleIO volume, which nothing can mount any more."""
    local: LocalVolumeSource | None = None
    """A disk or directory of one node. Needs a ``nodeAffinity`` that says which."""
    storageos: StorageOSPersistentVolumeSource | None = None
    """A StorageOS volume, which nothing can mount any more."""
    csi: CSIPersistentVolumeSource | None = None
    """A volume of a CSI driver."""
    access_modes: tuple[str, ...] = wire(
        default=(), enum=("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"), list_type="atomic"
    )
    """All the ways in which the volume can be mounted: by one node or pod or by many, to read or to write."""
    claim_ref: ObjectReference | None = wire(default=None, map_type="granular")
    """The claim that the volume is bound to, or kept for. Set when it is bound; the claim's ``volumeName`` says the
    same.
    """
    persistent_volume_reclaim_policy: str | None = wire(default=None, enum=("Delete", "Recycle", "Retain"))
    """What becomes of the volume when its claim is gone: ``Retain`` (the default if made by hand), ``Delete`` or
    ``Recycle``.
    """
    storage_class_name: str | None = None
    """The volume's class. Empty for a volume that has none."""
    mount_options: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Options to mount the volume with, such as ``ro``. They are not checked."""
    volume_mode: str | None = wire(default=None, enum=("Block", "Filesystem"), keep_zero=True)
    """Whether claims get a file system or the raw block device. Defaults to ``Filesystem``."""
    node_affinity: VolumeNodeAffinity | None = None
    """The nodes that the volume can be reached from, which pods that use it are scheduled to."""
    volume_attributes_class_name: str | None = wire(default=None, keep_zero=True)
    """The VolumeAttributesClass that the volume has. Only with ``csi``."""


@model
class PersistentVolumeStatus:
    """How the volume is used."""

    phase: str | None = wire(
        default=None, enum=("Available", "Bound", "Failed", "Pending", "Released"), api_default="Pending"
    )
    """Whether the volume is ``Available``, ``Bound`` to a claim, ``Released`` by one, ``Pending`` or ``Failed``."""
    message: str | None = None
    """Why the volume is in its phase, in a sentence for people."""
    reason: str | None = None
    """Why the last reclaim failed, as one word for programs."""
    last_phase_transition_time: datetime | None = None
    """When the volume came into its phase."""


@kind(
    "v1",
    plural="persistentvolumes",
    short_names=("pv",),
    namespaced=False,
    has_status=True,
    rules=PersistentVolumeRules(),
    columns=PERSISTENT_VOLUME_COLUMNS,
    delete_answers_object=True,
)
@model
class PersistentVolume(KubeObject):
    """Storage of the cluster, made by an administrator or for a claim."""

    spec: PersistentVolumeSpec = wire(default=PersistentVolumeSpec(), emit="always")
    """What the storage is, how large, and who has it."""
    status: PersistentVolumeStatus = wire(default=PersistentVolumeStatus(), emit="always")
    """How the volume is used. Read-only."""


struct_rules(PersistentVolume, whole=True)(validate_persistent_volume)
