"""ComponentStatus: whether the parts of the control plane are well."""

from __future__ import annotations

from sampan.core.model.columns.core_v1.component_status import COMPONENT_STATUS_COLUMNS
from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.storage import Computed


@model
class ComponentCondition:
    """Whether a part is well."""

    type: str = wire(required=True, emit="always")
    """What is stated: ``Healthy``."""
    status: str = wire(required=True, emit="always")
    """Whether it is so: ``True``, ``False`` or ``Unknown``."""
    message: str | None = None
    """What was found, such as an answer to a health check."""
    error: str | None = None
    """Why the part could not be asked."""


@kind(
    "v1",
    plural="componentstatuses",
    short_names=("cs",),
    namespaced=False,
    verbs=("get", "list"),
    columns=COMPONENT_STATUS_COLUMNS,
    storage=Computed(source="component-statuses"),
    deprecation="v1 ComponentStatus is deprecated in v1.19+",
)
@model
class ComponentStatus(KubeObject):
    """Whether a part of the control plane is well. Deprecated since Kubernetes 1.19."""

    conditions: tuple[ComponentCondition, ...] = keyed("type")
    """What was found when the part was last asked."""
