"""Objects within custom objects (``x-kubernetes-embedded-resource``): what they must have, and metadata like any other.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#rawextension
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, required
from sampan.core.model.formats import problems_of
from sampan.core.model.rules.common.metadata import validate_embedded
from sampan.core.schema.types import List, Map, Struct, Type
from sampan.core.schema.validate_custom import contains


def embedded_causes(kind: Type, value: Any, path: str = "") -> Iterator[Cause]:
    """What is wrong with the type and metadata of the objects within a value."""
    if not contains(kind, "embedded objects", lambda each: isinstance(each, Struct) and each.embedded):
        return
    if isinstance(kind, Struct) and isinstance(value, Mapping):
        if kind.embedded:
            yield from _object(value, path)
        for name, item in value.items():
            field = kind.fields.get(name)
            if field is not None and isinstance(item, list | Mapping):
                yield from embedded_causes(field.type, item, f"{path}.{name}" if path else name)
    elif isinstance(kind, Map) and isinstance(value, Mapping):
        for name, item in value.items():
            yield from embedded_causes(kind.value, item, f"{path}[{name}]")
    elif isinstance(kind, List) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from embedded_causes(kind.item, item, f"{path}[{index}]")


def _object(value: Mapping[str, Any], path: str) -> Iterator[Cause]:
    for name in ("apiVersion", "kind"):
        if name not in value:
            yield required(f"{path}.{name}")
    yield from _text(value, "apiVersion", path)
    yield from _text(value, "kind", path)
    if isinstance(meta := value.get("metadata"), Mapping):
        yield from validate_embedded(meta, f"{path}.metadata")


def _text(value: Mapping[str, Any], name: str, path: str) -> Iterator[Cause]:
    if name not in value:
        return
    text, where = value[name], f"{path}.{name}"
    if not isinstance(text, str):
        yield invalid(where, text, "must be a string")
    elif not text:
        yield invalid(where, text, "must not be empty")
    elif name == "apiVersion":
        if text.count("/") > 1:
            yield invalid(where, text, f"unexpected GroupVersion string: {text}")
    elif problems := problems_of("dns1035-label", text.lower()):
        words = f"may have mixed case, but should otherwise match: {','.join(problems)}"
        yield invalid(where, text, words)
