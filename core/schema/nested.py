"""What lies at a plain path of a JSON value, where anything may lie: Kubernetes' accessors, with their words.

Used for the paths that a CustomResourceDefinition's ``scale`` names. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from sampan.core.schema.go_words import plus_v, value_type


class WrongType(ValueError):
    """Something on the path is of another type than its place needs."""


def integer_at(path: str, value: Any) -> int | None:
    """``None`` where there is nothing. Raises `WrongType`."""
    found, item = _at(path, value)
    if found and (not isinstance(item, int) or isinstance(item, bool)):
        raise _wrong(path, item, "int64")
    return item if found else None


def text_at(path: str, value: Any) -> str:
    """Empty where there is nothing. Raises `WrongType`."""
    found, item = _at(path, value)
    if found and not isinstance(item, str):
        raise _wrong(path, item, "string")
    return item if found else ""


def put_at(path: str, value: MutableMapping[str, Any], item: Any) -> None:
    """Write at the path, and what it leads through where that is not there. Raises `WrongType`."""
    *parents, last = path.removeprefix(".").split(".")
    walked = ""
    for name in parents:
        walked += f".{name}"
        value = value.setdefault(name, {})
        if not isinstance(value, MutableMapping):
            raise WrongType(f"value cannot be set because {walked} is not a map[string]interface{{}}")
    value[last] = item


def _at(path: str, value: Any) -> tuple[bool, Any]:
    walked = ""
    for name in path.removeprefix(".").split("."):
        walked += f".{name}"
        if value is None:
            return False, None
        if not isinstance(value, Mapping):
            raise _wrong(walked, value, "map[string]interface{}")
        if name not in value:
            return False, None
        value = value[name]
    return True, value


def _wrong(path: str, item: Any, wanted: str) -> WrongType:
    its_type = "<nil>" if item is None else value_type(item)
    shown = f".{path.removeprefix('.')}"
    return WrongType(f"{shown} accessor error: {plus_v(item)} is of the type {its_type}, expected {wanted}")
