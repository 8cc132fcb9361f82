"""LabelSelector."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.meta import EMPTY, model, wire


@model
class LabelSelectorRequirement:
    """One condition on a label: In, NotIn, Exists or DoesNotExist."""

    key: str = wire(required=True, emit="always")
    operator: str = wire(required=True, emit="always")
    values: tuple[str, ...] = wire(default=(), list_type="atomic")


@model
class LabelSelector:
    """Conditions on labels that must all hold; an empty one matches everything."""

    __map_type__ = "atomic"

    match_labels: Mapping[str, str] = EMPTY
    match_expressions: tuple[LabelSelectorRequirement, ...] = wire(default=(), list_type="atomic")
