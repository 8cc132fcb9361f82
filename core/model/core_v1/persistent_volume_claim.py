"""PersistentVolumeClaim: the wish for storage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.columns.core_v1.persistent_volume_claim import PERSISTENT_VOLUME_CLAIM_COLUMNS
from sampan.core.model.core_v1.claim_template import PersistentVolumeClaimSpec
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.rules.core_v1.persistent_volume_claim import (
    PersistentVolumeClaimRules,
    validate_persistent_volume_claim,
)


@model
class PersistentVolumeClaimCondition:
    """One thing that is or is not so about the claim."""

    type: str = wire(required=True, emit="always")
    """What is stated, such as ``Resizing`` or ``FileSystemResizePending``."""
    status: str = wire(required=True, emit="always")
    """Whether it is so: ``True``, ``False`` or ``Unknown``."""
    last_probe_time: datetime | None = wire(default=None, emit="null")
    """When it was last looked at."""
    last_transition_time: datetime | None = wire(default=None, emit="null")
    """When ``status`` last changed from one value to another."""
    reason: str | None = None
    """Why, as one word for programs."""
    message: str | None = None
    """Why, in a sentence for people."""


@model
class ModifyVolumeStatus:
    """How far a change of the volume's attributes is."""

    target_volume_attributes_class_name: str | None = None
    """The VolumeAttributesClass that the volume is being given."""
    status: str = wire(required=True, enum=("InProgress", "Infeasible", "Pending"), emit="always")
    """``Pending``, ``InProgress``, or ``Infeasible`` where the driver refused it."""


@model
class PersistentVolumeClaimStatus:
    """The storage that the claim has."""

    phase: str | None = wire(default=None, enum=("Bound", "Lost", "Pending"), api_default="Pending")
    """Whether the claim is ``Pending``, ``Bound`` to a volume, or has ``Lost`` it."""
    access_modes: tuple[str, ...] = wire(
        default=(), enum=("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"), list_type="atomic"
    )
    """The access modes of the volume."""
    capacity: Mapping[str, Quantity] = EMPTY
    """How large the volume is by now."""
    conditions: tuple[PersistentVolumeClaimCondition, ...] = keyed("type")
    """Statements about the claim, one per type."""
    allocated_resources: Mapping[str, Quantity] = EMPTY
    """How much was asked of the storage, which may be more than there is yet while the volume grows."""
    allocated_resource_statuses: Mapping[str, str] = wire(
        default=EMPTY,
        enum=(
            "ControllerResizeInProgress",
            "ControllerResizeInfeasible",
            "NodeResizeInProgress",
            "NodeResizeInfeasible",
            "NodeResizePending",
        ),
    )
    """How far each resource's growth is, such as ``ControllerResizeInProgress``."""
    current_volume_attributes_class_name: str | None = wire(default=None, keep_zero=True)
    """The VolumeAttributesClass that the volume has now. Empty where it has none."""
    modify_volume_status: ModifyVolumeStatus | None = None
    """How far a change of attributes is. Left out while none is under way."""


@kind(
    "v1",
    plural="persistentvolumeclaims",
    short_names=("pvc",),
    has_status=True,
    rules=PersistentVolumeClaimRules(),
    columns=PERSISTENT_VOLUME_CLAIM_COLUMNS,
    delete_answers_object=True,
)
@model
class PersistentVolumeClaim(KubeObject):
    """A wish for storage, and the volume that fulfils it."""

    spec: PersistentVolumeClaimSpec = wire(default=PersistentVolumeClaimSpec(), emit="always")
    """What storage is wanted."""
    status: PersistentVolumeClaimStatus = wire(default=PersistentVolumeClaimStatus(), emit="always")
    """The storage that the claim has. Read-only."""


struct_rules(PersistentVolumeClaim, whole=True)(validate_persistent_volume_claim)
