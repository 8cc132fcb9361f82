"""Wire values with what Kubernetes always writes, though nobody has said it (an empty ``type`` of a condition).

Whoever writes an object owns these fields too, so the API server compares objects in this form. Compiled per type; a value
that lacks nothing, which is the rule, is given back as it is. Pure functions, any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import is_
from typing import Any, Final

from sampan.core.schema.encode import always_written
from sampan.core.schema.types import List, Map, Struct, Type

Filler = Callable[[Any], Any]
_HOLDERS: Final = frozenset({dict, list})


def filled(kind: Type, value: Any) -> Any:
    """``value`` with zero values where they are always written. Neither it nor its parts are changed."""
    fill = filler_of(kind)
    return value if fill is None else fill(value)


def filler_of(kind: Type) -> Filler | None:
    """The compiled filling of a type; ``None`` where nothing in it is always written."""
    if isinstance(kind, List):
        return _of_items(kind.item)
    if isinstance(kind, Map):
        return _of_values(kind.value)
    if not isinstance(kind, Struct):
        return None
    if "fill" not in kind.compiled:
        kind.compiled["fill"] = _Later(kind)  # for a type within itself
        kind.compiled["fill"] = _of_struct(kind)
    compiled: Filler | None = kind.compiled["fill"]
    return compiled


class _Later:
    """What fills a type that is still being compiled."""

    def __init__(self, kind: Struct) -> None:
        self._kind = kind

    def __call__(self, value: Any) -> Any:
        compiled = self._kind.compiled["fill"]
        return value if compiled is None else compiled(value)


def _of_struct(kind: Struct) -> Filler | None:
    zeros = always_written(kind)
    parts = {name: below for name, field in kind.fields.items() if (below := filler_of(field.type)) is not None}
    if not zeros and not parts:
        return None
    always = tuple(zeros.items())

    def fill(value: Any) -> Any:
        if value.__class__ is not dict and not isinstance(value, Mapping):
            return value
        new: dict[str, Any] = {}
        for name, zero in always:
            if value.get(name) is None:
                new[name] = zero
        for name, item in value.items():
            if item.__class__ in _HOLDERS and name in parts and (whole := parts[name](item)) is not item:
                new[name] = whole
        return {**value, **new} if new else value

    return fill


def _of_items(item: Type) -> Filler | None:
    fill = filler_of(item)
    if fill is None:
        return None

    def fill_all(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        whole = [fill(each) for each in value]
        return value if all(map(is_, whole, value)) else whole

    return fill_all


def _of_values(item: Type) -> Filler | None:
    fill = filler_of(item)
    if fill is None:
        return None

    def fill_all(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        new = {key: whole for key, each in value.items() if (whole := fill(each)) is not each}
        return {**value, **new} if new else value

    return fill_all
