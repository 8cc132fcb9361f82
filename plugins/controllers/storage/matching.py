"""Which volume suits a claim. Pure.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
"""

from __future__ import annotations

from collections.abc import Iterable

from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.quantity import value
from sampan.core.reconcile.labels import is_empty, matches
from sampan.core.reconcile.node_selector import matches_selector

OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


def class_of(obj: PersistentVolume | PersistentVolumeClaim) -> str:
    return obj.metadata.annotations.get(OLD_CLASS) or obj.spec.storage_class_name or ""


def requested(claim: PersistentVolumeClaim) -> int:
    return value(claim.spec.resources.requests.get("storage", "0"))


def capacity(volume: PersistentVolume) -> int:
    return value(volume.spec.capacity.get("storage", "0"))


def is_meant_for(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether the volume names this claim: by uid, or by name alone before they have met."""
    ref = volume.spec.claim_ref
    if ref is None or (ref.namespace, ref.name) != (claim.metadata.namespace, claim.metadata.name):
        return False
    return not ref.uid or ref.uid == claim.metadata.uid


def why_not(volume: PersistentVolume, claim: PersistentVolumeClaim) -> str | None:
    """Why a volume that a person has named cannot serve the claim, in Kubernetes' words."""
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if (volume.spec.volume_mode or "Filesystem") != (claim.spec.volume_mode or "Filesystem"):
        return "incompatible volumeMode"
    if not set(claim.spec.access_modes) <= set(volume.spec.access_modes):
        return "incompatible accessMode"
    return None


def best_match(
    claim: PersistentVolumeClaim, volumes: Iterable[PersistentVolume], node: Node | None = None
) -> PersistentVolume | None:
    """One that waits for this very claim, else the smallest that is free and suits; on ``node``, where one was chosen."""
    fitting = []
    for volume in volumes:
        if is_meant_for(volume, claim):
            return volume
        suits = _is_free(volume) and why_not(volume, claim) is None and _is_selected(volume, claim)
        if suits and (node is None or is_reachable(volume, node)):
            fitting.append(volume)
    return min(fitting, key=lambda volume: (capacity(volume), volume.metadata.name), default=None)


def is_reachable(volume: PersistentVolume, node: Node) -> bool:
    affinity = volume.spec.node_affinity
    return affinity is None or affinity.required is None or matches_selector(affinity.required, node)


def _is_free(volume: PersistentVolume) -> bool:
    return volume.spec.claim_ref is None and volume.metadata.deletion_timestamp is None


def _is_selected(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    selector = claim.spec.selector
    return selector is None or is_empty(selector) or matches(selector, volume.metadata.labels)
