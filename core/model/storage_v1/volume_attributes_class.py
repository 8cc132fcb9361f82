"""VolumeAttributesClass: properties of a volume that can be changed later."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.storage_v1.classes import VOLUME_ATTRIBUTES_CLASS_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.storage_v1.storage_class import (
    VolumeAttributesClassRules,
    validate_volume_attributes_class,
)


@kind(
    "storage.k8s.io/v1",
    plural="volumeattributesclasses",
    short_names=("vac",),
    namespaced=False,
    rules=VolumeAttributesClassRules(),
    columns=VOLUME_ATTRIBUTES_CLASS_COLUMNS,
    delete_answers_object=True,
    without_effect="volumes are not modified",
)
@model
class VolumeAttributesClass(KubeObject):
    """Properties, such as speed, that a driver can give a volume and change while it is in use."""

    driver_name: str = wire(required=True, emit="always")
    """The CSI driver that the properties are meant for. Immutable."""
    parameters: Mapping[str, str] = EMPTY
    """The properties by name, which the driver alone knows the meaning of. At least one; immutable."""


struct_rules(VolumeAttributesClass, whole=True)(validate_volume_attributes_class)
