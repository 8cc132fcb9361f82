"""Both sorts of selector together: what a list, a watch or a deletecollection picks.

Used by both transports; the texts are parsed by `sampan.core.model.labels` and `sampan.core.schema.fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.errors import BadRequest
from sampan.core.model.labels import Selector, SelectorError, parse_selector
from sampan.core.schema.fields import FieldSelector, field_selector
from sampan.core.schema.resource import Resource

ALL_LABELS: Final = Selector()
ALL_FIELDS: Final = FieldSelector()


@frozen
class Selection:
    """A test of wire objects; false where it picks everything."""

    labels: Selector = ALL_LABELS
    fields: FieldSelector = ALL_FIELDS

    def __bool__(self) -> bool:
        return bool(self.labels or self.fields)

    def matches(self, obj: Mapping[str, Any]) -> bool:
        if self.labels and not self.labels.matches(obj["metadata"].get("labels") or {}):
            return False
        return not self.fields or self.fields.matches(obj)

    @property
    def name(self) -> str:
        """The one name that can match; empty where any can."""
        return self.fields.exact("metadata.name") or ""

    def of_named(self, name: str) -> Selection:
        """What is left to test of the objects of that name."""
        return Selection(self.labels, self.fields.without("metadata.name", name))


EVERYTHING: Final = Selection()


def select(resource: Resource, labels: str, fields: str) -> Selection:
    """Raises `BadRequest` for a selector that cannot be read or names a field that cannot be selected by."""
    if not labels and not fields:
        return EVERYTHING
    try:
        return Selection(parse_selector(labels), field_selector(resource, fields))
    except SelectorError as exc:
        raise BadRequest(str(exc)) from exc
