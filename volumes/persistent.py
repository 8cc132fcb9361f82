"""``persistentVolumeClaim`` and ``ephemeral``: what a claim is bound to, where that lies on this node.

hostPath and local volumes are served here, those of CSI drivers by the node agent, others not at all.
https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

from __future__ import annotations

import time
from pathlib import Path

import attrs

from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeFailure
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.pod_claims import claim_name, is_made_for
from sampan.core.node.mounts import remove_tree
from sampan.core.node.ownership import give_to_group
from sampan.volumes.host_path import check_host_path

BIND_PATIENCE, BIND_POLL = 5.0, 0.1
"""Seconds that a volume's making is waited for, and between two looks."""


class ClaimedVolume:
    """The pod's folder for it holds nothing: it tells that the volume was taken into use, and given to the pod's group."""

    field = "persistent_volume_claim"

    def publish(self, context: VolumeContext) -> PublishedVolume:
        volume = _bound_volume(context)
        if volume.spec.volume_mode == "Block":
            raise VolumeFailure(f'volume "{volume.metadata.name}" is a raw block device, which sampan does not serve')
        if volume.spec.csi is not None and context.csi is not None:
            published = context.csi(volume)
            return attrs.evolve(published, read_only=published.read_only or _only_read(volume))
        path = _path(volume)
        if not context.directory.exists():
            if volume.spec.local is not None:
                give_to_group(context.pod, path)
            context.directory.mkdir(parents=True)
        claim = context.volume.persistent_volume_claim
        read_only = bool(claim and claim.read_only) or _only_read(volume)
        return PublishedVolume(host_path=path, read_only=read_only, mount_points=False)

    def refresh(self, context: VolumeContext) -> None:
        """What is in it is the pods' own."""

    def usage(self, directory: Path) -> int:
        """The claim's, not the pod's."""
        return 0

    def unpublish(self, directory: Path) -> None:
        remove_tree(directory)


class EphemeralClaimVolume(ClaimedVolume):
    field = "ephemeral"


def _bound_volume(context: VolumeContext) -> PersistentVolume:
    namespace = context.pod.metadata.namespace or ""
    name = claim_name(context.pod, context.volume) or ""
    claim = _claim(context, namespace, name)
    if context.volume.ephemeral is not None and not is_made_for(claim.metadata.owner_references, context.pod):
        raise VolumeFailure(f"PVC {namespace}/{name} was not created for the pod (pod is not owner)")
    volume = context.get(PersistentVolume, "", claim.spec.volume_name or "")
    if not isinstance(volume, PersistentVolume):
        raise VolumeFailure(f'persistentvolume "{claim.spec.volume_name}" not found')
    ref = volume.spec.claim_ref
    if ref is None or ref.uid != claim.metadata.uid:
        raise VolumeFailure(f'persistentvolume "{claim.spec.volume_name}" is bound to another claim')
    return volume


def _claim(context: VolumeContext, namespace: str, name: str) -> PersistentVolumeClaim:
    """A claim that waited for its first consumer is bound a moment after that has come to its node."""
    deadline = time.monotonic() + BIND_PATIENCE
    while True:
        claim = context.get(PersistentVolumeClaim, namespace, name)
        if not isinstance(claim, PersistentVolumeClaim):
            raise VolumeFailure(f'persistentvolumeclaim "{name}" not found')
        if claim.status.phase == "Bound" and claim.spec.volume_name:
            return claim
        if claim.status.phase == "Lost" or time.monotonic() > deadline:
            raise VolumeFailure(f"PVC {namespace}/{name} is not bound")
        time.sleep(BIND_POLL)


def _only_read(volume: PersistentVolume) -> bool:
    return set(volume.spec.access_modes) == {"ReadOnlyMany"}


def _path(volume: PersistentVolume) -> Path:
    spec = volume.spec
    if spec.host_path is not None:
        return check_host_path(spec.host_path)
    if spec.local is not None:
        path = Path(spec.local.path)
        if not path.is_dir():
            raise VolumeFailure(f'path "{path}" does not exist')
        return path
    raise VolumeFailure(f'no volume plugin of sampan serves persistentvolume "{volume.metadata.name}"')
