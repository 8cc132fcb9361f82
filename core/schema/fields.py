"""Field selectors: ``metadata.name=a,spec.nodeName!=b`` as a compiled test of wire objects.

`field_selector` is called once per list or watch request, the selector for every object; pure, any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.errors import BadRequest
from sampan.core.schema.resource import Resource
from sampan.core.schema.scalars import zero_of
from sampan.core.schema.types import Scalar, Struct, Type

ALWAYS: Final = ("metadata.name", "metadata.namespace")
_TERMS: Final = re.compile(r"(?:\\.|[^,\\]|\\\Z)+", re.DOTALL)
_TERM: Final = re.compile(r"(.*?)(==|!=|=)(.*)", re.DOTALL)
_PIECE: Final = re.compile(r"\\([\\,=])|([^\\,=]+)|(.)", re.DOTALL)


@frozen
class Requirement:
    """One condition: ``field`` has (or, ``negated``, has not) the text ``value``."""

    field: str
    value: str
    negated: bool
    read: Callable[[Mapping[str, Any]], str]

    def matches(self, obj: Mapping[str, Any]) -> bool:
        return (self.read(obj) == self.value) is not self.negated


@frozen
class FieldSelector:
    """All requirements must hold; an empty selector matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def matches(self, obj: Mapping[str, Any]) -> bool:
        return all(requirement.matches(obj) for requirement in self.requirements)

    def exact(self, field: str) -> str | None:
        """The one value that ``field`` may have: lets a list of ``metadata.name=x`` be a get."""
        for requirement in self.requirements:
            if requirement.field == field and not requirement.negated:
                return requirement.value
        return None

    def without(self, field: str, value: str) -> FieldSelector:
        """What is left to test where ``field`` is known to have ``value``."""
        known = (field, value, False)
        left = tuple(each for each in self.requirements if (each.field, each.value, each.negated) != known)
        return FieldSelector(left)


def field_selector(resource: Resource, text: str) -> FieldSelector:
    """The selector that ``text`` (the query parameter) means for a kind.

    Raises `BadRequest` for text that is no selector, and for a field that the kind cannot be selected by.
    """
    return FieldSelector(tuple(_requirement(resource, parts) for parts in terms(text) if parts[0] or parts[2]))


def terms(text: str) -> list[tuple[str, str, str]]:
    """Field, comparison and value of each term, of whichever kind. Raises `BadRequest` for what is no selector."""
    return [_parts(text, term) for term in sorted(_TERMS.findall(text))]


def required_values(text: str) -> dict[str, str]:
    """The fields of which ``text`` wants one value: what an authorizer may go by. Nothing for what is no selector."""
    wanted: dict[str, str] = {}
    try:
        for field, comparison, value in terms(text):
            if comparison != "!=":
                wanted.setdefault(field, value)
    except BadRequest:
        return {}
    return wanted


def _requirement(resource: Resource, parts: tuple[str, str, str]) -> Requirement:
    field, comparison, value = parts
    if not _is_selectable(resource, field):
        raise BadRequest(_unsupported(resource, field))
    read = resource.info.field_readers.get(field) or reader(resource.struct, field)
    return Requirement(field, value, comparison == "!=", read)


def _is_selectable(resource: Resource, field: str) -> bool:
    """Cluster-scoped built-in kinds that name fields of their own do not have a namespace among them."""
    info = resource.info
    if field == "metadata.namespace" and info.selectable_fields and not info.namespaced and not resource.custom:
        return False
    return field in ALWAYS or field in info.selectable_fields


def _parts(text: str, term: str) -> tuple[str, str, str]:
    """Field, comparison and value of one term."""
    match = _TERM.fullmatch(term)
    if match is None:
        raise BadRequest(f"invalid selector: '{text}'; can't understand '{term}'")
    field, comparison, value = match.groups()
    return field, comparison, _unescaped(value)


def _unsupported(resource: Resource, field: str) -> str:
    if resource.custom or resource.info.selectable_fields:
        return f"field label not supported: {field}"
    return f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _unescaped(value: str) -> str:
    """Kubernetes tells a character that had to be escaped by its number."""
    pieces = []
    for match in _PIECE.finditer(value):
        escaped, plain, wrong = match.groups()
        if wrong == "\\":
            raise BadRequest(f"invalid field selector: invalid escape sequence: {value[match.start() :][:2]}")
        if wrong:
            raise BadRequest(f"invalid field selector: unescaped character in value: {ord(wrong)}")
        pieces.append(escaped or plain)
    return "".join(pieces)


def reader(struct: Struct, path: str) -> Callable[[Mapping[str, Any]], str]:
    """The function that reads a field as text; a missing one reads as Go's zero value (``""``, ``0``, ``false``)."""
    keys = tuple(path.split("."))
    missing = _text(_zero_at(struct, keys))

    def read(obj: Mapping[str, Any]) -> str:
        value: Any = obj
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
            if value is None:
                return missing
        return _text(value)

    return read


def _zero_at(kind: Type, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if not isinstance(kind, Struct) or key not in kind.fields:
            return ""
        kind = kind.fields[key].type
    return zero_of(kind) if isinstance(kind, Scalar) and kind.kind in ("boolean", "integer") else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
