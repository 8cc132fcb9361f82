"""StorageClass: a sort of volume that can be made on demand."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.storage_v1.classes import STORAGE_CLASS_COLUMNS
from sampan.core.model.core_v1.topology_selector import TopologySelectorTerm
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.storage_v1.storage_class import StorageClassRules, validate_storage_class


@kind(
    "storage.k8s.io/v1",
    plural="storageclasses",
    short_names=("sc",),
    namespaced=False,
    rules=StorageClassRules(),
    columns=STORAGE_CLASS_COLUMNS,
    delete_answers_object=True,
)
@model
class StorageClass(KubeObject):
    """A sort of volume, and who makes it."""

    provisioner: str = wire(required=True, emit="always")
    """Who makes the volumes, such as ``example.com/nfs``. Immutable."""
    parameters: Mapping[str, str] = EMPTY
    """Settings for the provisioner, which alone knows what they mean. Up to 512 of them; immutable."""
    reclaim_policy: str | None = wire(
        default=None, enum=("Delete", "Recycle", "Retain"), keep_zero=True, api_default="Delete"
    )
    """What becomes of a volume when its claim is gone: ``Delete`` (the default) or ``Retain``. Immutable."""
    mount_options: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Options to mount the volumes with, such as ``ro``. They are not checked: a wrong one fails the mount."""
    allow_volume_expansion: bool | None = None
    """Whether claims of this class may ask for more space later."""
    volume_binding_mode: str | None = wire(
        default=None, enum=("Immediate", "WaitForFirstConsumer"), keep_zero=True, api_default="Immediate"
    )
    """When a claim gets its volume: at once (``Immediate``, the default) or when a pod needs it
    (``WaitForFirstConsumer``).
    """
    allowed_topologies: tuple[TopologySelectorTerm, ...] = wire(default=(), list_type="atomic")
    """Where volumes may be made, as node labels. Left out, anywhere."""


struct_rules(StorageClass, whole=True)(validate_storage_class)
