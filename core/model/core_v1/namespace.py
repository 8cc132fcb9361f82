"""Namespace."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.columns.cluster import NAMESPACE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.cluster import NamespaceRules
from sampan.core.model.rules.configuration import no_further_checks


@model
class NamespaceSpec:
    """Who must let go of a namespace before it ends."""

    finalizers: tuple[str, ...] = wire(default=(), list_type="atomic")


@model
class NamespaceCondition:
    """One thing that is or is not so about a namespace's end."""

    type: str = wire(required=True, emit="always")
    status: str = wire(required=True, emit="always")
    last_transition_time: datetime | None = wire(default=None, emit="null")
    reason: str | None = None
    message: str | None = None


@model
class NamespaceStatus:
    """Active, or on its way out."""

    phase: str | None = wire(default=None, api_default="Active", enum=("Active", "Terminating"))
    conditions: tuple[NamespaceCondition, ...] = keyed("type")


@kind(
    "v1",
    plural="namespaces",
    short_names=("ns",),
    namespaced=False,
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    has_status=True,
    subresources=("finalize",),
    name_format="dns1123-label",
    selectable_fields=("status.phase",),
    columns=NAMESPACE_COLUMNS,
    rules=NamespaceRules(),
)
@model
class Namespace(KubeObject):
    """A space for names."""

    spec: NamespaceSpec = wire(default=NamespaceSpec(), emit="always")
    status: NamespaceStatus = wire(default=NamespaceStatus(), emit="always")


struct_rules(Namespace, whole=True)(no_further_checks)
