"""Kubernetes' ways to say what is wrong with a field, and the error that carries them.

The texts are those of ``k8s.io/apimachinery/pkg/util/validation/field``. Called by validation, patching and selectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sampan.core.errors import Cause, Invalid
from sampan.core.schema.go_words import shown
from sampan.core.schema.resource import Resource


def required(path: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value: {detail}" if detail else "Required value", path)


def invalid(path: str, value: Any, detail: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}", path)


def type_invalid(path: str, value: Any, detail: str) -> Cause:
    return Cause("FieldValueTypeInvalid", f"Invalid value: {shown(value)}: {detail}", path)


def not_supported(path: str, value: Any, supported: Iterable[Any]) -> Cause:
    known = ", ".join(shown(each) for each in supported)
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {known}", path)


def duplicate(path: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", path)


def too_long(path: str, limit: int) -> Cause:
    return Cause("FieldValueTooLong", f"Too long: may not be more than {limit} bytes", path)


def too_many(path: str, count: int, limit: int) -> Cause:
    return Cause("FieldValueTooMany", f"Too many: {count}: must have at most {limit} items", path)


def invalid_object(resource: Resource, name: str, causes: Sequence[Cause]) -> Invalid:
    """The error for an object of ``resource`` with these causes."""
    info = resource.info
    kind = f"{info.kind}.{info.group}" if info.group else info.kind
    message = f'{kind} "{name}" is invalid: {aggregate(causes)}'
    return Invalid(message, kind=info.kind, group=info.group, name=name, causes=causes)


def aggregate(causes: Sequence[Cause]) -> str:
    """All causes in one line; the same thing is said once."""
    said = list(dict.fromkeys(f"{cause.field or '<nil>'}: {cause.message}" for cause in causes))
    return said[0] if len(said) == 1 else f"[{', '.join(said)}]"
