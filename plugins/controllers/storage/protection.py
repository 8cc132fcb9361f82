"""Claims, volumes and classes that are in use stay until they are not: who deletes them waits. Pure decisions.

The finalizers are given by admission (`sampan.plugins.admission.storage`), and taken here.
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Patch, Plan
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.pod_claims import claims_of
from sampan.core.model.storage_v1.volume_attributes_class import VolumeAttributesClass
from sampan.core.reconcile.pods import is_finished

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"
CLASS_FINALIZER = "kubernetes.io/vac-protection"
BY_CLAIM = "claim"
BY_CLASS = "attributes class"


class ClaimProtection:
    name = "persistentvolumeclaim-protection-controller"

    @property
    def watches(self) -> tuple[Watch, ...]:
        return (
            Watch(kind=PersistentVolumeClaim),
            Watch(kind=Pod, keys=_claims_of_pod, indexes={BY_CLAIM: _claim_keys}),
        )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        claim = state.get(PersistentVolumeClaim, key.namespace, key.name)
        if claim is None or not _is_held(claim, CLAIM_FINALIZER):
            return NOTHING
        if any(not is_finished(pod) for pod in state.indexed(Pod, BY_CLAIM, str(key))):
            return NOTHING
        return Plan(actions=(_let_go(claim, CLAIM_FINALIZER),))


class VolumeProtection:
    name = "persistentvolume-protection-controller"

    @property
    def watches(self) -> tuple[Watch, ...]:
        return (Watch(kind=PersistentVolume),)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        volume = state.get(PersistentVolume, "", key.name)
        if volume is None or volume.status.phase == "Bound" or not _is_held(volume, VOLUME_FINALIZER):
            return NOTHING
        return Plan(actions=(_let_go(volume, VOLUME_FINALIZER),))


class AttributesClassProtection:
    """A VolumeAttributesClass is in use while a claim asks for it or has it, or a volume has it."""

    name = "volumeattributesclass-protection-controller"

    @property
    def watches(self) -> tuple[Watch, ...]:
        users = (PersistentVolumeClaim, PersistentVolume)
        return (
            Watch(kind=VolumeAttributesClass),
            *(Watch(kind=kind, keys=_classes_of, indexes={BY_CLASS: _class_names}) for kind in users),
        )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        of_volumes = state.get(VolumeAttributesClass, "", key.name)
        if of_volumes is None or not _is_held(of_volumes, CLASS_FINALIZER):
            return NOTHING
        if any(state.indexed(kind, BY_CLASS, key.name) for kind in (PersistentVolumeClaim, PersistentVolume)):
            return NOTHING
        return Plan(actions=(_let_go(of_volumes, CLASS_FINALIZER),))


def _is_held(obj: KubeObject, finalizer: str) -> bool:
    return obj.metadata.deletion_timestamp is not None and finalizer in obj.metadata.finalizers


def _let_go(obj: KubeObject, finalizer: str) -> Patch:
    namespace, name = obj.key
    left = [each for each in obj.metadata.finalizers if each != finalizer]
    metadata = {"finalizers": left, "resourceVersion": obj.metadata.resource_version}
    return Patch(kind=type(obj), namespace=namespace, name=name, patch={"metadata": metadata})


def _claims_of_pod(obj: KubeObject, state: Lister) -> Iterable[Key]:
    assert isinstance(obj, Pod)
    for claim in claims_of(obj):
        yield Key(obj.metadata.namespace or "", claim)


def _claim_keys(obj: KubeObject) -> Iterable[str]:
    assert isinstance(obj, Pod)
    for claim in claims_of(obj):
        yield str(Key(obj.metadata.namespace or "", claim))


def _class_names(obj: KubeObject) -> Iterable[str]:
    if isinstance(obj, PersistentVolume):
        names = {obj.spec.volume_attributes_class_name}
    else:
        assert isinstance(obj, PersistentVolumeClaim)
        modifying = obj.status.modify_volume_status
        names = {
            obj.spec.volume_attributes_class_name,
            obj.status.current_volume_attributes_class_name,
            modifying.target_volume_attributes_class_name if modifying else None,
        }
    return [name for name in names if name]


def _classes_of(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    return [Key("", name) for name in _class_names(obj)]
