"""What somebody wants to do."""

from __future__ import annotations

from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.selector import FieldSelectorRequirement, LabelSelectorRequirement


@model
class FieldSelectorAttributes:
    """A list or watch that is narrowed by fields: as text or in parts."""

    raw_selector: str | None = None
    """The selector as in the request's ``fieldSelector``. Webhooks do not get it; not together with ``requirements``.
    """
    requirements: tuple[FieldSelectorRequirement, ...] = wire(default=(), list_type="atomic")
    """The conditions, all of which must hold. Not together with ``rawSelector``."""


@model
class LabelSelectorAttributes:
    """A list or watch that is narrowed by labels: as text or in parts."""

    raw_selector: str | None = None
    """The selector as in the request's ``labelSelector``. Webhooks do not get it; not together with ``requirements``.
    """
    requirements: tuple[LabelSelectorRequirement, ...] = wire(default=(), list_type="atomic")
    """The conditions, all of which must hold. Not together with ``rawSelector``."""


@model
class ResourceAttributes:
    """Something that is done to objects."""

    namespace: str | None = None
    """The namespace of the objects. Empty for all namespaces, and for kinds that have none."""
    verb: str | None = None
    """What is done, such as ``get`` or ``create``; ``*`` is everything."""
    group: str | None = None
    """The API group; ``*`` is every group."""
    version: str | None = None
    """The version of the group; ``*`` is every version."""
    resource: str | None = None
    """The plural name of the kind; ``*`` is every kind."""
    subresource: str | None = None
    """The subresource, where one is meant."""
    name: str | None = None
    """The object's name. Empty for all objects."""
    field_selector: FieldSelectorAttributes | None = None
    """Fields that a list or watch is narrowed by. Without rights to all, the narrowed request may be allowed."""
    label_selector: LabelSelectorAttributes | None = None
    """Labels that a list or watch is narrowed by. Without rights to all, the narrowed request may be allowed."""


@model
class NonResourceAttributes:
    """Something that is done to a path that is no resource."""

    path: str | None = None
    """The path, such as ``/metrics``."""
    verb: str | None = None
    """The HTTP method in small letters, such as ``get``."""
