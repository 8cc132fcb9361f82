"""ControllerRevision: a former state of a StatefulSet or DaemonSet."""

from __future__ import annotations

from sampan.core.model.columns.apps_v1.controller_revision import CONTROLLER_REVISION_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import RawJson, model, wire
from sampan.core.model.rules.apps_v1.controller_revision import ControllerRevisionRules, validate_controller_revision


@kind(
    "apps/v1",
    plural="controllerrevisions",
    columns=CONTROLLER_REVISION_COLUMNS,
    rules=ControllerRevisionRules(),
)
@model
class ControllerRevision(KubeObject):
    """A state that can be rolled back to. Its owner makes and numbers it."""

    data: RawJson = wire(default=None, format="raw-extension")
    """The state, as a part of its owner. Immutable."""
    revision: int = wire(default=0, required=True, format="int64", emit="always", keep_zero=True)
    """Which state it is: a later one has a higher number."""


struct_rules(ControllerRevision, whole=True)(validate_controller_revision)
