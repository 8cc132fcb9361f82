"""ResourceQuota: what all objects of a namespace together may use."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.core_v1.quota import RESOURCE_QUOTA_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.rules.core_v1.resource_quota import ResourceQuotaRules, validate_resource_quota


@model
class ScopedResourceSelectorRequirement:
    """A condition on what is counted."""

    scope_name: str = wire(
        required=True,
        enum=(
            "BestEffort",
            "CrossNamespacePodAffinity",
            "NotBestEffort",
            "NotTerminating",
            "PriorityClass",
            "Terminating",
            "VolumeAttributesClass",
        ),
        emit="always",
    )
    """The scope, such as ``PriorityClass`` or ``BestEffort``."""
    operator: str = wire(required=True, enum=("DoesNotExist", "Exists", "In", "NotIn"), emit="always")
    """How it is compared with ``values``: ``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``. Most scopes only know
    ``Exists``.
    """
    values: tuple[str, ...] = wire(default=(), list_type="atomic")
    """At least one value for ``In`` and ``NotIn``; none for ``Exists`` and ``DoesNotExist``."""


@model
class ScopeSelector:
    """Conditions that must all hold."""

    __map_type__ = "atomic"

    match_expressions: tuple[ScopedResourceSelectorRequirement, ...] = wire(default=(), list_type="atomic")
    """The conditions on scopes."""


@model
class ResourceQuotaSpec:
    """The bounds, and what counts towards them."""

    hard: Mapping[str, Quantity] = EMPTY
    """The most there may be, by resource: ``requests.cpu``, ``limits.memory``, ``pods`` or ``count/jobs.batch``."""
    scopes: tuple[str, ...] = wire(
        default=(),
        enum=(
            "BestEffort",
            "CrossNamespacePodAffinity",
            "NotBestEffort",
            "NotTerminating",
            "PriorityClass",
            "Terminating",
            "VolumeAttributesClass",
        ),
        list_type="atomic",
    )
    """Which objects count: those that are in all of these scopes. Left out, all count; immutable."""
    scope_selector: ScopeSelector | None = None
    """Further scopes, with values. Objects count that match these and ``scopes``."""


@model
class ResourceQuotaStatus:
    """The bounds in force, and what is used of them."""

    hard: Mapping[str, Quantity] = EMPTY
    """The bounds that are enforced by now."""
    used: Mapping[str, Quantity] = EMPTY
    """What the namespace uses of each, as last counted."""


@kind(
    "v1",
    plural="resourcequotas",
    short_names=("quota",),
    has_status=True,
    rules=ResourceQuotaRules(),
    columns=RESOURCE_QUOTA_COLUMNS,
    delete_answers_object=True,
)
@model
class ResourceQuota(KubeObject):
    """Bounds on what a namespace uses in all."""

    spec: ResourceQuotaSpec = wire(default=ResourceQuotaSpec(), emit="always")
    """The bounds, and what counts towards them."""
    status: ResourceQuotaStatus = wire(default=ResourceQuotaStatus(), emit="always")
    """The bounds in force, and what is used of them. Read-only."""


struct_rules(ResourceQuota, whole=True)(validate_resource_quota)
