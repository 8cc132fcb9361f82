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
    """How the volume will be mounted: by one node or pod or by many, to read or to write."""
    selector: LabelSelector | None = None
    """Labels that a volume must have to be bound."""
    resources: VolumeResourceRequirements = wire(default=VolumeResourceRequirements(), emit="always")
    """How much space is needed, as ``requests.storage``."""
    volume_name: str | None = None
    """The volume that the claim is bound to, or is to be bound to."""
    storage_class_name: str | None = wire(default=None, keep_zero=True)
    """The class that makes the volume. Left out, the default class; empty, a volume that has no class."""
    volume_mode: str | None = wire(default=None, keep_zero=True, api_default="Filesystem", enum=("Block", "Filesystem"))
    """Whether the volume has a file system or is a raw block device. Defaults to ``Filesystem``."""
    data_source: TypedLocalObjectReference | None = None
    """A claim to clone, or a snapshot to restore, in the same namespace. Copied to and from ``dataSourceRef``."""
    data_source_ref: TypedObjectReference | None = None
    """What fills the new volume: an object of any kind that a populator knows, perhaps of another namespace."""
    volume_attributes_class_name: str | None = wire(default=None, keep_zero=True)
    """The VolumeAttributesClass that sets properties such as speed.
    Unlike the storage class it may be changed later.
    """


@model
class PersistentVolumeClaimTemplate:
    """The claim that is made for the pod, owned by it."""

    metadata: ObjectMeta = wire(emit="always")
    """Labels and annotations for the claim. Nothing else is allowed."""
    spec: PersistentVolumeClaimSpec = wire(default=PersistentVolumeClaimSpec(), required=True, emit="always")
    """What the claim asks for, copied as it is."""


@model
class EphemeralVolumeSource:
    """A volume that lives as long as the pod, made through a claim."""

    volume_claim_template: PersistentVolumeClaimTemplate | None = None
    """The claim to make, named after the pod and the volume (``pod-volume``). It is deleted with the pod. Immutable."""
