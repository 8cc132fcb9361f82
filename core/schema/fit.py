"""Giving a custom object the form of a schema, where it comes another way than through decoding.

So it is with objects stored under an earlier schema or in another version, and with what a conversion webhook answers.
Works in place, any thread.
"""

from __future__ import annotations

from typing import Any

from sampan.core.schema.default import apply_defaults
from sampan.core.schema.prune import prune
from sampan.core.schema.types import List, Map, Struct, Type


def fit(struct: Struct, value: dict[str, Any]) -> None:
    """As a stored object is read: trimmed, and with the defaults of the version that it is stored in."""
    trim(struct, value)
    apply_defaults(struct, value)


def trim(struct: Struct, value: dict[str, Any]) -> None:
    """As an object is shown in another version: without fields that its schema does not name, and forbidden nulls.

    Values of another type than the schema says stay as they are: they can be read, and be mended by a write.
    """
    prune(struct, value)
    _drop_nulls(struct, value)


def _drop_nulls(kind: Type, value: Any) -> None:
    if isinstance(kind, Struct) and isinstance(value, dict):
        for name in [each for each in value if each in kind.fields]:
            below = kind.fields[name].type
            if value[name] is not None:
                _drop_nulls(below, value[name])
            elif kind.embedded and name == "metadata":
                value[name] = {}
            elif not below.nullable:
                del value[name]
    elif isinstance(kind, Map) and isinstance(value, dict):
        for name in list(value):
            if value[name] is None and not kind.value.nullable:
                del value[name]
            else:
                _drop_nulls(kind.value, value[name])
    elif isinstance(kind, List) and isinstance(value, list):
        for item in value:
            _drop_nulls(kind.item, item)
