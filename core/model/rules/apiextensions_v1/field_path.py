"""Paths to a field in a schema, as ``selectableFields`` and the ``fieldPath`` of rules write them: ``.spec.a['b.c']``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]

STEP: Final = re.compile(r"\.([A-Za-z_$][A-Za-z0-9_$\-]*)|\['((?:[^'\\]|\\.)*)'\]")


def split_path(text: str) -> Sequence[str] | None:
    """The names on the way; ``None`` for text that is no path."""
    names, place = [], 0
    while place < len(text):
        match = STEP.match(text, place)
        if match is None:
            return None
        names.append(match.group(1) or re.sub(r"\\(.)", r"\1", match.group(2)))
        place = match.end()
    return names or None


def find_field(schema: Schema, text: str) -> Schema | None:
    """The schema of the field that a path leads to; ``None`` where it leads nowhere."""
    names = split_path(text)
    if names is None:
        return None
    for name in names:
        values = schema.get("additionalProperties")
        below = (schema.get("properties") or {}).get(name)
        if below is None and isinstance(values, Mapping):
            below = values
        if below is None:
            return None
        schema = below
    return schema


def path_below(schema: Schema, text: str) -> str:
    """A path as causes write it: ``spec.a``, and ``spec[a]`` for the entry of a map; "" for one that leads nowhere."""
    path = ""
    if find_field(schema, text) is None:
        return path
    for name in split_path(text) or ():
        properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
        is_entry = not properties and isinstance(values, Mapping)
        path += f"[{name}]" if is_entry else f".{name}" if path else name
        schema = values if is_entry and isinstance(values, Mapping) else properties.get(name) or {}
    return path
