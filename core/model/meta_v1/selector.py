"""LabelSelector."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.meta import EMPTY, model, wire


@model
class LabelSelectorRequirement:
    """One condition on a label: In, NotIn, Exists or DoesNotExist."""

    key: str = wire(required=True, emit="always")
    """The label's key."""
    operator: str = wire(required=True, emit="always")
    """How the label is compared with ``values``: ``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""
    values: tuple[str, ...] = wire(default=(), list_type="atomic")
    """At least one value for ``In`` and ``NotIn``; none for ``Exists`` and ``DoesNotExist``."""


@model
class LabelSelector:
    """Conditions on labels that must all hold; an empty one matches everything."""

    __map_type__ = "atomic"

    match_labels: Mapping[str, str] = EMPTY
    """Labels that an object must have with exactly these values."""
    match_expressions: tuple[LabelSelectorRequirement, ...] = wire(default=(), list_type="atomic")
    """Further conditions. All must hold, and all of ``matchLabels`` too."""


@model
class FieldSelectorRequirement:
    """One condition on a field: In, NotIn, Exists or DoesNotExist."""

    key: str = wire(required=True, emit="always")
    """The field's path, such as ``spec.nodeName``."""
    operator: str = wire(required=True, emit="always")
    """How the field is compared with ``values``: ``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``.
    Others are passed over.
    """
    values: tuple[str, ...] = wire(default=(), list_type="atomic")
    """At least one value for ``In`` and ``NotIn``; none for ``Exists`` and ``DoesNotExist``."""
