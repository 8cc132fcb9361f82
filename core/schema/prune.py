"""Dropping fields that a schema does not name, with their paths.

Decoding drops them as it goes; this is for values that come another way: objects stored under an earlier schema of a
custom resource, and defaults that a schema gives for itself. Works in place, any thread.
"""

from __future__ import annotations

from typing import Any

from sampan.core.schema.types import List, Map, Scalar, Struct, Type


def prune(kind: Type, value: Any, path: str = "") -> list[str]:
    """Remove unknown fields from ``value``; the paths of what went (``spec.foo``), outermost only.

    ``preserve_unknown`` keeps what is not named and prunes what is, as ``x-kubernetes-preserve-unknown-fields`` does.
    """
    pruned: list[str] = []
    _prune(kind, value, path, pruned)
    return pruned


def _prune(kind: Type, value: Any, path: str, pruned: list[str]) -> None:
    if isinstance(kind, Struct) and isinstance(value, dict):
        _prune_struct(kind, value, path, pruned)
    elif isinstance(kind, List) and isinstance(value, list):
        for index, item in enumerate(value):
            _prune(kind.item, item, f"{path}[{index}]", pruned)
    elif isinstance(kind, Map) and isinstance(value, dict):
        for key, item in value.items():
            _prune(kind.value, item, _join(path, key), pruned)
    elif isinstance(value, dict | list) and not _keeps_all(kind):
        _prune_stray(value, path, pruned)


def _keeps_all(kind: Type) -> bool:
    return kind.preserve_unknown if isinstance(kind, Struct) else isinstance(kind, Scalar) and kind.kind == "any"


def _prune_stray(value: Any, path: str, pruned: list[str]) -> None:
    """A value of another type than its schema says: objects in it have no field that the schema knows."""
    if isinstance(value, dict):
        pruned.extend(_join(path, key) for key in value)
        value.clear()
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _prune_stray(item, f"{path}[{index}]", pruned)


def _prune_struct(struct: Struct, value: dict[str, Any], path: str, pruned: list[str]) -> None:
    for key in list(value):
        field = struct.fields.get(key)
        if field is not None:
            _prune(field.type, value[key], _join(path, key), pruned)
        elif not struct.preserve_unknown:
            del value[key]
            pruned.append(_join(path, key))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
