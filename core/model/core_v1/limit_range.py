"""LimitRange: bounds and defaults for single objects."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.rules.core_v1.limit_range import LimitRangeRules, validate_limit_range


@model
class LimitRangeItem:
    """Bounds for one sort of object."""

    type: str = wire(required=True, emit="always")
    """What is bounded: ``Container``, ``Pod`` (all its containers together) or ``PersistentVolumeClaim``."""
    max: Mapping[str, Quantity] = EMPTY
    """The most that may be used or asked for, by resource."""
    min: Mapping[str, Quantity] = EMPTY
    """The least that must be asked for, by resource."""
    default: Mapping[str, Quantity] = EMPTY
    """The limit that a container without one gets, by resource. Defaults to ``max``; not for pods."""
    default_request: Mapping[str, Quantity] = EMPTY
    """The request that a container without one gets. Defaults to its limit, else to ``min``; not for pods."""
    max_limit_request_ratio: Mapping[str, Quantity] = EMPTY
    """How many times its request a limit may be at most, by resource."""


@model
class LimitRangeSpec:
    """All the bounds of one LimitRange."""

    limits: tuple[LimitRangeItem, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """The bounds, one entry for each sort of object."""


@kind(
    "v1",
    plural="limitranges",
    short_names=("limits",),
    rules=LimitRangeRules(),
    create_on_update=True,
)
@model
class LimitRange(KubeObject):
    """Bounds and defaults for what single objects of a namespace use."""

    spec: LimitRangeSpec = wire(default=LimitRangeSpec(), emit="always")
    """The bounds that are enforced when an object is created or changed."""


struct_rules(LimitRange, whole=True)(validate_limit_range)
