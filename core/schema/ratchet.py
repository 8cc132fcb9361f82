"""Ratcheting: an update is not blamed for what was wrong before and stays as it is.

A custom kind's schema can be tightened while objects that break it live on; such an object can still be changed elsewhere.
Fields belong together by their names, items of list maps by their keys; any other list is one value. Pure.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.schema.types import List, Map, Struct, Type

_STEP: Final = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_ABSENT: Final = object()
OF_OBJECTS: Final = ("apiVersion", "kind", "metadata")


def new_causes(kind: Type, obj: Any, old: Any, causes: Iterable[Cause]) -> list[Cause]:
    """The causes that are about something that the update has changed."""
    return [cause for cause in causes if not _is_old(kind, obj, old, cause)]


def _is_old(kind: Type, obj: Any, old: Any, cause: Cause) -> bool:
    steps = [index or name for index, name in _STEP.findall(cause.place or cause.field)]
    about = steps
    if cause.reason == "FieldValueRequired":
        about = steps[:-1]  # what lacks a field is what has to change
    return bool(about) and not _is_embedded(kind, steps) and _unchanged(kind, obj, old, about)


def _is_embedded(kind: Type | None, steps: Sequence[str]) -> bool:
    """Whether it is about the type or metadata of an object within the object: of those nothing is let be."""
    for step in steps:
        if isinstance(kind, Struct) and kind.embedded and step in OF_OBJECTS:
            return True
        kind = _type_below(kind, step)
    return False


def _type_below(kind: Type | None, step: str) -> Type | None:
    if isinstance(kind, Struct):
        return kind.fields[step].type if step in kind.fields else None
    if isinstance(kind, Map):
        return kind.value
    return kind.item if isinstance(kind, List) else None


def _unchanged(kind: Type | None, obj: Any, old: Any, steps: Sequence[str]) -> bool:
    """Whether the value at the end of the steps, or one on the way, is the one before."""
    for step in steps:
        kind, obj, old = _below(kind, obj, old, step)
        if old is _ABSENT or obj is _ABSENT:
            return False
        if obj == old:
            return True
    return False


def _below(kind: Type | None, obj: Any, old: Any, step: str) -> tuple[Type | None, Any, Any]:
    if isinstance(obj, Mapping) and isinstance(old, Mapping):
        return _type_below(kind, step), obj.get(step, _ABSENT), old.get(step, _ABSENT)
    if isinstance(obj, list) and isinstance(old, list) and isinstance(kind, List) and step.isdigit():
        item = obj[int(step)] if int(step) < len(obj) else _ABSENT
        return kind.item, item, _counterpart(kind, item, old)
    return None, _ABSENT, _ABSENT


def _counterpart(kind: List, item: Any, old: Sequence[Any]) -> Any:
    if kind.list_type != "map" or not isinstance(item, Mapping):
        return _ABSENT
    wanted = [item.get(key) for key in kind.map_keys]
    return next(
        (each for each in old if isinstance(each, Mapping) and [each.get(key) for key in kind.map_keys] == wanted),
        _ABSENT,
    )
