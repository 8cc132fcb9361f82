"""What an applied configuration says: whether it can be applied, and which fields its writer will own.

An applied configuration is any part of an object. Unlike other bodies it is taken as it is written, before decoding: a
field that the type does not have, or a list item that is there twice, is an error of the whole apply. The rules are
those of sigs.k8s.io/structured-merge-diff. Pure; called once per apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sampan.core.schema.field_sets import LEAF, MEMBER, FieldSet, path_text
from sampan.core.schema.go_words import plus_v, sharp_v, value_type
from sampan.core.schema.granularity import (
    NotAnItem,
    deduced,
    element_of,
    field_type,
    is_container,
    is_leaf,
    parts_of,
    type_below,
)
from sampan.core.schema.types import List, Map, Scalar, Struct, Type


def applied_fields(kind: Type, value: Any) -> FieldSet:
    """What a writer who applies ``value`` owns: leaves, items, keys of maps, and what is explicitly empty."""
    tree: dict[str, Any] = {}
    if not is_container(kind, value):
        return tree
    for element, below, item, named in parts_of(kind, value):
        if element in tree:
            tree[element] = LEAF  # there more than once: one leaf together
            continue
        inner = deduced(below, item)
        if is_leaf(inner):
            tree[element] = LEAF
            continue
        rest = applied_fields(inner, item)
        itself = not named or item is None or (not item and isinstance(item, Mapping))
        if itself:
            tree[element] = {MEMBER: LEAF, **rest} if rest else LEAF
        elif rest:
            tree[element] = rest
    return tree


def with_named_fields(kind: Type | None, tree: FieldSet) -> FieldSet:
    """The set with every field that a schema names and that has something of the set below it: ``f:spec`` itself."""
    made: dict[str, Any] = {}
    for element, below in tree.items():
        if element == MEMBER or not below:
            made[element] = below
            continue
        inner = with_named_fields(None if kind is None else type_below(kind, element), below)
        if MEMBER not in inner and isinstance(kind, Struct) and element[2:] in kind.fields and element[:2] == "f:":
            inner = {MEMBER: LEAF, **inner}
        made[element] = inner
    return made


def reconciled(kind: Type, tree: FieldSet) -> FieldSet:
    """A set that was kept while its type was another one: what is atomic now is owned as a whole."""
    changed: dict[str, Any] | None = None
    for element, below in tree.items():
        if element == MEMBER or not below:
            continue
        inner = type_below(kind, element)
        if inner is None or isinstance(inner, Scalar):
            continue
        known = LEAF if is_leaf(inner) else reconciled(inner, below)
        if known is not below:
            if changed is None:
                changed = dict(tree)
            changed[element] = known
    return tree if changed is None else changed


def problems(kind: Type, value: Any, path: str = "") -> Iterator[str]:
    """Why a configuration cannot be applied, in structured-merge-diff's words."""
    if value is None:
        return
    if isinstance(kind, Scalar):
        if said := _wrong_scalar(kind, value):
            yield _at(path, said)
    elif isinstance(kind, List):
        if isinstance(value, list):
            yield from _list_problems(kind, value, path)
        else:
            yield _at(path, f"expected list, got {_held(value)}")
    elif not isinstance(value, Mapping):
        yield _at(path, f"expected map, got {_held(value)}")
    elif isinstance(kind, Map):
        for key, item in value.items():
            yield from problems(kind.value, item, f"{path}.{key}")
    else:
        for key, item in value.items():
            inner = field_type(kind, key)
            if inner is None:
                yield _at(f"{path}.{key}", "field not declared in schema")
                return
            yield from problems(inner, item, f"{path}.{key}")


def listed(found: Sequence[str]) -> str:
    """Problems as structured-merge-diff shows them together."""
    return found[0] if len(found) == 1 else "\n  ".join(["errors:", *sorted(found)])


def _list_problems(kind: List, items: list[Any], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for place, item in enumerate(items):
        where = f"[{place}]"
        if not is_leaf(kind):
            try:
                element = element_of(kind, item)
            except NotAnItem as error:
                yield _at(path, f"element {place}: {error}")
                return
            where = path_text((element,))
            if element in seen:
                yield _at(path, f"duplicate entries for key {where}")
            seen.add(element)
        yield from problems(kind.item, item, path + where)


_NUMBERS = ("integer", "number")


def _wrong_scalar(kind: Scalar, value: Any) -> str:
    if kind.kind == "any":
        return ""
    if kind.kind == "boolean":
        return "" if isinstance(value, bool) else f"expected boolean, got {_held(value)}"
    if kind.kind in _NUMBERS:
        wrong = isinstance(value, bool) or not isinstance(value, int | float)
        return f"expected numeric (int or float), got {value_type(value)}" if wrong else ""
    if kind.kind in ("string", "bytes"):
        return (
            "" if isinstance(value, str) else f"expected string, got &value.valueUnstructured{{Value:{sharp_v(value)}}}"
        )
    return "" if isinstance(value, str | int | float) else f"expected any scalar, got {_held(value)}"


def _held(value: Any) -> str:
    """How Go prints what holds a value."""
    return f"&{{{plus_v(value)}}}"


def _at(path: str, problem: str) -> str:
    return f"{path}: {problem}" if path else problem
