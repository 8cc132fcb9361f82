"""The patch that makes a live object as a manifest wants it: what `sampan apply` sends.

Three versions decide: what was applied last, what is applied now, and what the server has. What is in now and differs on
the server is set; what was in last and is not in now is removed; the rest belongs to others and stays. The rules are those
of kubectl's client-side apply ("Declarative Management of Kubernetes Objects", section on how apply calculates
differences). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sampan.core.schema.strategic import field_type
from sampan.core.schema.types import List, Scalar, Struct, Type

FREE = Scalar(kind="any")
"""The type of objects whose schema is not known here: their patch is a JSON merge patch (RFC 7386)."""

Object = dict[str, Any]


def three_way(kind: Type, last: Mapping[str, Any], wanted: Mapping[str, Any], live: Mapping[str, Any]) -> Object:
    """A strategic merge patch where ``kind`` is a struct, else a JSON merge patch. Empty: nothing is to be done."""
    patch: Object = {}
    for key, value in wanted.items():
        _set(kind, key, patch, last, value, live)
    patch.update({key: None for key in last if key not in wanted and key in live})
    return patch


def _set(kind: Type, key: str, patch: Object, last: Mapping[str, Any], value: Any, live: Mapping[str, Any]) -> None:
    """Put into ``patch`` what one field of the wanted object needs."""
    if key not in live:
        if value is not None:
            patch[key] = value
        return
    have, below = live[key], field_type(kind, key)
    if isinstance(value, dict) and isinstance(have, dict):
        _set_object(kind, key, patch, _dict(last.get(key)), value, have)
    elif isinstance(value, list) and isinstance(have, list) and _merges(below):
        assert isinstance(below, List)
        _set_list(below, key, patch, _list(last.get(key)), value, have)
    elif have != value:
        patch[key] = value


def _set_object(kind: Type, key: str, patch: Object, last: Object, value: Object, have: Object) -> None:
    strategy = _strategy(kind, key)
    if "replace" in strategy:
        if have != value:
            patch[key] = {**value, "$patch": "replace"}
        return
    difference = three_way(field_type(kind, key), last, value, have)
    if not difference:
        return
    if "retainKeys" in strategy:
        # A union: the member that is not wanted any more has to go, whoever set it.
        difference["$retainKeys"] = sorted(value)
    patch[key] = difference


def _strategy(kind: Type, key: str) -> Sequence[str]:
    return kind.fields[key].patch_strategy if isinstance(kind, Struct) and key in kind.fields else ()


def _merges(kind: Type) -> bool:
    return isinstance(kind, List) and "merge" in kind.patch_strategy


def _set_list(kind: List, key: str, patch: Object, last: list[Any], value: list[Any], have: list[Any]) -> None:
    if kind.merge_key is None or not all(isinstance(item, dict) for item in (*value, *have)):
        _set_plain_list(key, patch, last, value, have)
        return
    name = kind.merge_key
    if any(name not in item for item in value):
        # The server refuses an item without its key, and says which.
        patch[key] = value
        return
    before = {item.get(name): item for item in last if isinstance(item, dict)}
    there = {item.get(name): item for item in have}
    names = [item[name] for item in value]
    changes: list[Object] = []
    for item in value:
        identity = item[name]
        if identity not in there:
            changes.append(item)
        elif difference := three_way(kind.item, _dict(before.get(identity)), item, there[identity]):
            changes.append({**difference, name: identity})
    changes.extend({"$patch": "delete", name: gone} for gone in before if gone in there and gone not in names)
    if changes or _order(there, names) != names:
        patch[f"$setElementOrder/{key}"] = [{name: identity} for identity in names]
        if changes:
            patch[key] = changes


def _set_plain_list(key: str, patch: Object, last: list[Any], value: list[Any], have: list[Any]) -> None:
    """A list of plain values that merges as a set, such as finalizers."""
    added = [item for item in value if item not in have]
    gone = [item for item in last if item in have and item not in value]
    if gone:
        patch[f"$deleteFromPrimitiveList/{key}"] = gone
    if added:
        patch[key] = added
    if added or gone:
        patch[f"$setElementOrder/{key}"] = value


def _order(there: Mapping[Any, Any], names: list[Any]) -> list[Any]:
    return [identity for identity in there if identity in names]


def _dict(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
