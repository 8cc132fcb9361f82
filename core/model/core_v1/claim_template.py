"""The volume claim that a pod's ephemeral volume makes."""

from __future__ import annotations

from sampan.core.model.core_v1.references import TypedLocalObjectReference, TypedObjectReference
from sampan.core.model.core_v1.resources import VolumeResourceRequirements
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.meta_v1.selector import LabelSelector


@model
class PersistentVolumeClaimSpec:
    """What a claim asks of a volume."""

    access_modes: tuple[str, ...] = wire(
        default=(), enum=("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"), list_type="atomic"
    )
    selector: LabelSelector | None = None
    resources: VolumeResourceRequirements = wire(default=VolumeResourceRequirements(), emit="always")
    volume_name: str | None = None
    storage_class_name: str | None = wire(default=None, keep_zero=True)
    volume_mode: str | None = wire(default=None, keep_zero=True, api_default="Filesystem", enum=("Block", "Filesystem"))
    data_source: TypedLocalObjectReference | None = None
    data_source_ref: TypedObjectReference | None = None
    volume_attributes_class_name: str | None = wire(default=None, keep_zero=True)


@model
class PersistentVolumeClaimTemplate:
    """The claim that is made for the pod, owned by it."""

    metadata: ObjectMeta = wire(emit="always")
    spec: PersistentVolumeClaimSpec = wire(default=PersistentVolumeClaimSpec(), required=True, emit="always")


@model
class EphemeralVolumeSource:
    """A volume that lives as long as the pod, made through a claim."""

    volume_claim_template: PersistentVolumeClaimTemplate | None = None
