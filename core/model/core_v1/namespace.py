"""Namespace."""

from __future__ import annotations

from sampan.core.model.columns.core_v1.namespace import NAMESPACE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.condition import StateCondition
from sampan.core.model.rules.common.unchecked import no_further_checks
from sampan.core.model.rules.core_v1.namespace import NamespaceRules


@model
class NamespaceSpec:
    """Who must let go of a namespace before it ends."""

    finalizers: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Who must empty the namespace before it can go. The server starts with ``kubernetes``;
    changed through ``finalize`` alone.
    """


@model
class NamespaceCondition(StateCondition):
    """What keeps a namespace from its end, such as ``NamespaceContentRemaining`` with the resources that are left."""


@model
class NamespaceStatus:
    """Active, or on its way out."""

    phase: str | None = wire(default=None, api_default="Active", enum=("Active", "Terminating"))
    """Where the namespace is in its life. Nothing new can be made in a terminating one."""
    conditions: tuple[NamespaceCondition, ...] = keyed("type")
    """What stands in the way of the namespace's deletion, one per type."""


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
    """Who must let go of the namespace before it ends."""
    status: NamespaceStatus = wire(default=NamespaceStatus(), emit="always")
    """Whether the namespace is in use or on its way out."""


struct_rules(Namespace, whole=True)(no_further_checks)
