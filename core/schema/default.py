"""Filling in what a client left out, as far as the types say it (``api_default``, a CRD's ``default``).

Defaults that depend on other fields are the kinds' rules' (`KindRules.default`), which run after this. Works in place;
called on create and update, any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sampan.core.model.meta import UNSET
from sampan.core.schema.copying import copied
from sampan.core.schema.types import Field, List, Map, Scalar, Struct, Type

Filler = Callable[[Any], None]


def apply_defaults(kind: Type, value: Any) -> None:
    """Fill in ``value`` in place, outer fields before inner ones, so that defaults of defaults apply."""
    filler = filler_of(kind)
    if filler is not None:
        filler(value)


def filler_of(kind: Type) -> Filler | None:
    """The compiled defaulting of a type; None where no default is in reach."""
    if not has_defaults(kind):
        return None
    if isinstance(kind, Struct):
        filler: Filler | None = kind.compiled.get("default")
        if filler is None:
            filler = kind.compiled["default"] = _struct_filler(kind)
        return filler
    return _list_filler(kind) if isinstance(kind, List) else _map_filler(kind)  # type: ignore[arg-type]


def has_defaults(kind: Type) -> bool:
    """Whether a default is anywhere below a type, itself included in what contains it."""
    return _has_defaults(kind, set())


def _has_defaults(kind: Type, seen: set[int]) -> bool:
    if isinstance(kind, Scalar):
        return False
    if isinstance(kind, List):
        return _has_defaults(kind.item, seen)
    if isinstance(kind, Map):
        return _has_defaults(kind.value, seen)
    known: bool | None = kind.compiled.get("has_defaults")
    if known is not None or id(kind) in seen:
        return bool(known)
    outermost = not seen
    seen.add(id(kind))
    found = any(
        field.default is not UNSET or _is_always_there(kind, field) or _has_defaults(field.type, seen)
        for field in kind.fields.values()
    )
    if found or outermost:
        kind.compiled["has_defaults"] = found
    return found


def _is_filled(field: Field) -> bool:
    """Whether a missing field gets its default. An empty text that is not kept would be left out again: it is there only
    for items that are told apart by the field.
    """
    return field.default is not UNSET and (field.default != "" or field.keep_zero or field.emit != "omit")


def _is_always_there(struct: Struct, field: Field) -> bool:
    """Whether a part of a built-in kind is an object that cannot be left out, only left empty: it has its defaults.

    What components write is not a client's to leave out.
    """
    return field.emit == "always" and isinstance(field.type, Struct) and field.name != "status" and not struct.verbatim


def _struct_filler(struct: Struct) -> Filler:
    steps: tuple[list[tuple[str, Any, bool, bool]], dict[str, Filler]] | None = None

    def fill(value: Any) -> None:
        nonlocal steps
        if not isinstance(value, dict):
            return
        if steps is None:
            steps = _steps(struct)
        defaults, inner = steps
        for name, default, is_shared, nullable in defaults:
            if value.get(name) is None and (not nullable or name not in value):
                value[name] = copied(default) if is_shared else default
        for name, item in value.items():
            fill_inner = inner.get(name)
            if fill_inner is not None and item is not None:
                fill_inner(item)

    return fill


def _steps(struct: Struct) -> tuple[list[tuple[str, Any, bool, bool]], dict[str, Filler]]:
    """The fields with a default (name, default, whether it is copied, whether null stays), and those to look into."""
    defaults, inner = [], {}
    for field in struct.fields.values():
        if _is_filled(field):
            defaults.append((field.name, field.default, isinstance(field.default, dict | list), field.type.nullable))
        elif _is_always_there(struct, field):
            defaults.append((field.name, {}, True, False))
        if (fill_inner := filler_of(field.type)) is not None:
            inner[field.name] = fill_inner
    return defaults, inner


def _list_filler(kind: List) -> Filler:
    fill_item = filler_of(kind.item)
    assert fill_item is not None

    def fill(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                fill_item(item)

    return fill


def _map_filler(kind: Map) -> Filler:
    fill_item = filler_of(kind.value)
    assert fill_item is not None

    def fill(value: Any) -> None:
        if isinstance(value, dict):
            for item in value.values():
                fill_item(item)

    return fill
