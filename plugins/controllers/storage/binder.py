"""``persistentvolume-controller``: claims and volumes are bound to each other, and say so. Pure decisions.

A key with a namespace is a claim, one without a volume. Making volumes is the provisioners' part
(`sampan.core.node.provisioning`): here it is only said which of them is to make one.
https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Action, Emit, ExpectGone, Patch, Plan
from sampan.core.contracts.provisioner import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    OLD_STORAGE_PROVISIONER,
    PROVISIONED_BY,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
)
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.kinds import KubeObject
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.plugins.controllers.storage.matching import best_match, class_of, is_meant_for, why_not

IN_TREE = "kubernetes.io/"
"""Provisioners that only Kubernetes itself could bring."""
NOBODY = "no persistent volumes available for this claim and no storage class is set"
FIRST_CONSUMER = "waiting for first consumer to be created before binding"
UNBOUND = "unbound"


class VolumeBinder:
    name = "persistentvolume-controller"

    @property
    def watches(self) -> tuple[Watch, ...]:
        return (
            Watch(kind=PersistentVolumeClaim, keys=_of_claim, indexes={UNBOUND: _class_if_unbound}),
            Watch(kind=PersistentVolume, keys=_of_volume),
            Watch(kind=StorageClass, keys=_of_class),
        )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        if not key.namespace:
            volume = state.get(PersistentVolume, "", key.name)
            return NOTHING if volume is None else Plan(actions=tuple(_volume(volume, state)))
        claim = state.get(PersistentVolumeClaim, key.namespace, key.name)
        if claim is None:
            return NOTHING
        if BIND_COMPLETED in claim.metadata.annotations:
            return Plan(actions=tuple(_bound(claim, state)))
        return Plan(actions=() if claim.metadata.deletion_timestamp else tuple(_unbound(claim, state)))


# Claims


def _unbound(claim: PersistentVolumeClaim, state: Lister) -> Iterable[Action]:
    if claim.spec.volume_name:
        return _named(claim, state)
    sort = class_of(claim)
    storage_class = state.get(StorageClass, "", sort) if sort else None
    node_name = claim.metadata.annotations.get(SELECTED_NODE)
    waits = storage_class is not None and storage_class.volume_binding_mode == "WaitForFirstConsumer" and not node_name
    volumes = state.list(PersistentVolume)
    meant = [volume for volume in volumes if is_meant_for(volume, claim)]
    if waits and not meant:
        return _pending(claim, "Normal", "WaitForFirstConsumer", FIRST_CONSUMER)
    node = state.get(Node, "", node_name) if node_name else None
    if (match := best_match(claim, meant or volumes, node)) is not None:
        return _bind(match, claim)
    if not sort:
        return _pending(claim, "Normal", "FailedBinding", NOBODY)
    if storage_class is None:
        said = f'storageclass.storage.k8s.io "{sort}" not found'
        return _pending(claim, "Warning", "ProvisioningFailed", said)
    return _ask(claim, storage_class)


def _named(claim: PersistentVolumeClaim, state: Lister) -> Iterable[Action]:
    """A person has chosen the volume."""
    volume = state.get(PersistentVolume, "", claim.spec.volume_name or "")
    if volume is None:
        return _phase(claim, "Pending")
    if volume.spec.claim_ref is not None and not is_meant_for(volume, claim):
        said = f'volume "{volume.metadata.name}" already bound to a different claim.'
        return _pending(claim, "Warning", "FailedBinding", said)
    if volume.spec.claim_ref is None and (reason := why_not(volume, claim)):
        said = f'Cannot bind to requested volume "{volume.metadata.name}": {reason}'
        return _pending(claim, "Warning", "VolumeMismatch", said)
    return _bind(volume, claim)


def _ask(claim: PersistentVolumeClaim, storage_class: StorageClass) -> Iterable[Action]:
    """Somebody else makes the volume: the annotation says who is meant."""
    provisioner = storage_class.provisioner
    if provisioner.startswith(IN_TREE):
        said = f"no volume plugin matched name: {provisioner}"
        yield from _pending(claim, "Warning", "ProvisioningFailed", said)
        return
    if claim.metadata.annotations.get(STORAGE_PROVISIONER) != provisioner:
        annotations = {STORAGE_PROVISIONER: provisioner, OLD_STORAGE_PROVISIONER: provisioner}
        yield _patch(claim, {"metadata": {"annotations": annotations}})
    said = (
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system"
        " administrator. If volume creation is delayed, please verify that the provisioner is running and correctly"
        " registered."
    )
    yield from _pending(claim, "Normal", "ExternalProvisioning", said)


def _bind(volume: PersistentVolume, claim: PersistentVolumeClaim) -> Iterable[Action]:
    """The volume first: it is what two claims may want."""
    ref = volume.spec.claim_ref
    if ref is None or not ref.uid:
        change: dict[str, Any] = {"spec": {"claimRef": _reference(claim)}}
        if ref is None:
            change["metadata"] = {"annotations": {BOUND_BY_CONTROLLER: "yes"}}
        change.setdefault("metadata", {})["resourceVersion"] = volume.metadata.resource_version
        yield _patch(volume, change)
    yield from _volume_phase(volume, "Bound")
    annotations = {BIND_COMPLETED: "yes"}
    if not claim.spec.volume_name:
        annotations[BOUND_BY_CONTROLLER] = "yes"
    yield _patch(claim, {"metadata": {"annotations": annotations}, "spec": {"volumeName": volume.metadata.name}})
    yield from _bound_status(claim, volume)


def _bound(claim: PersistentVolumeClaim, state: Lister) -> Iterable[Action]:
    """It was bound once: what has become of its volume?"""
    name = claim.spec.volume_name
    if not name:
        return _lost(
            claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
        )
    volume = state.get(PersistentVolume, "", name)
    if volume is None:
        return _lost(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
    if volume.spec.claim_ref is None or is_meant_for(volume, claim):
        if volume.spec.claim_ref is None or not volume.spec.claim_ref.uid:
            return _bind(volume, claim)
        return [*_volume_phase(volume, "Bound"), *_bound_status(claim, volume)]
    said = "Two claims are bound to the same volume, this one is bound incorrectly"
    return _lost(claim, "ClaimMisbound", said)


def _bound_status(claim: PersistentVolumeClaim, volume: PersistentVolume) -> Iterable[Action]:
    """What the claim has is what the volume is. Its capacity is left to whoever grows it once it is bound."""
    status = claim.status
    if status.phase != "Bound" or status.access_modes != volume.spec.access_modes or not status.capacity:
        capacity = {"storage": volume.spec.capacity.get("storage", "0")}
        found = {"phase": "Bound", "accessModes": list(volume.spec.access_modes), "capacity": capacity}
        yield _patch(claim, {"status": found}, "status")


def _lost(claim: PersistentVolumeClaim, reason: str, said: str) -> Iterable[Action]:
    if claim.status.phase != "Lost":
        yield _patch(claim, {"status": {"phase": "Lost", "accessModes": None, "capacity": None}}, "status")
        yield Emit(regarding=claim, type="Warning", reason=reason, message=said)


def _pending(claim: PersistentVolumeClaim, sort: Any, reason: str, said: str) -> Iterable[Action]:
    yield from _phase(claim, "Pending")
    yield Emit(regarding=claim, type=sort, reason=reason, message=said)


def _phase(claim: PersistentVolumeClaim, phase: str) -> Iterable[Action]:
    if claim.status.phase != phase:
        yield _patch(claim, {"status": {"phase": phase}}, "status")


# Volumes


def _volume(volume: PersistentVolume, state: Lister) -> Iterable[Action]:
    ref = volume.spec.claim_ref
    if ref is None or not ref.uid:
        return _volume_phase(volume, "Available")
    claim = state.get(PersistentVolumeClaim, ref.namespace or "", ref.name or "")
    if claim is None or claim.metadata.uid != ref.uid:
        return _released(volume)
    if claim.spec.volume_name == volume.metadata.name:
        return _volume_phase(volume, "Bound")
    if claim.spec.volume_name and BOUND_BY_CONTROLLER in volume.metadata.annotations:
        return _let_go(volume)
    return ()  # the claim's own look at it goes on with the bind


def _released(volume: PersistentVolume) -> Iterable[Action]:
    """The claim is gone. What becomes of the volume is its provisioner's part, or a person's."""
    ref = volume.spec.claim_ref
    assert ref is not None
    if volume.status.phase not in ("Released", "Failed"):
        yield ExpectGone(kind=PersistentVolumeClaim, namespace=ref.namespace or "", name=ref.name or "", uid=ref.uid)
    policy = volume.spec.persistent_volume_reclaim_policy or "Retain"
    if policy == "Retain" or PROVISIONED_BY in volume.metadata.annotations:
        yield from _volume_phase(volume, "Released")
        return
    word, reason = ("recycl", "VolumeFailedRecycle") if policy == "Recycle" else ("delet", "VolumeFailedDelete")
    said = (
        f'error getting {word}er volume plugin for volume "{volume.metadata.name}": no {word}able volume plugin matched'
    )
    if volume.status.phase != "Failed":
        yield from _volume_phase(volume, "Failed", said)
        yield Emit(regarding=volume, type="Warning", reason=reason, message=said)


def _let_go(volume: PersistentVolume) -> Iterable[Action]:
    """It was chosen for a claim that has got another one."""
    version = volume.metadata.resource_version
    metadata = {"resourceVersion": version, "annotations": {BOUND_BY_CONTROLLER: None}}
    yield _patch(volume, {"metadata": metadata, "spec": {"claimRef": None}})
    yield from _volume_phase(volume, "Available")


def _volume_phase(volume: PersistentVolume, phase: str, message: str = "") -> Iterable[Action]:
    if volume.status.phase != phase:
        yield _patch(volume, {"status": {"phase": phase, "message": message or None}}, "status")


def _reference(claim: PersistentVolumeClaim) -> dict[str, Any]:
    meta = claim.metadata
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": meta.namespace,
        "name": meta.name,
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
    }


def _patch(obj: PersistentVolume | PersistentVolumeClaim, change: dict[str, Any], subresource: str = "") -> Patch:
    namespace, name = obj.key
    return Patch(kind=type(obj), namespace=namespace, name=name, patch=change, subresource=subresource)


# Who is concerned


def _of_claim(obj: KubeObject, state: Lister) -> Iterable[Key]:
    assert isinstance(obj, PersistentVolumeClaim)
    yield Key(*obj.key)
    if obj.spec.volume_name:
        yield Key("", obj.spec.volume_name)


def _of_volume(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """A volume that is free may be what claims of its class wait for."""
    assert isinstance(obj, PersistentVolume)
    yield Key(*obj.key)
    ref = obj.spec.claim_ref
    if ref is not None:
        yield Key(ref.namespace or "", ref.name or "")
        return
    for claim in state.indexed(PersistentVolumeClaim, UNBOUND, class_of(obj)):
        yield Key(*claim.key)


def _of_class(obj: KubeObject, state: Lister) -> Iterable[Key]:
    for claim in state.indexed(PersistentVolumeClaim, UNBOUND, obj.metadata.name or ""):
        yield Key(*claim.key)


def _class_if_unbound(obj: KubeObject) -> Iterable[str]:
    assert isinstance(obj, PersistentVolumeClaim)
    if BIND_COMPLETED not in obj.metadata.annotations:
        yield class_of(obj)
