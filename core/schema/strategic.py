"""Strategic merge patch: Kubernetes' own patch, which merges lists by their items' keys.

The rules are those of ``k8s.io/apimachinery/pkg/util/strategicpatch`` and of "Update API Objects in Place Using kubectl
patch" in its documentation. Built-in kinds only. Pure: neither the original nor the patch is changed; any thread. Lists
are merged by `sampan.core.schema.strategic_lists`.

Directives in a patch: ``$patch: replace|delete`` in an object and in an item of a list, ``$retainKeys`` in an object, and
beside a list ``x`` the keys ``$deleteFromPrimitiveList/x`` and ``$setElementOrder/x``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import BadRequest, Unclassified
from sampan.core.schema.go_words import value_type
from sampan.core.schema.strategic_lists import (
    DIRECTIVE,
    check_order,
    element_type,
    identity,
    merge_lists,
    order_merged,
    unknown_directive,
)
from sampan.core.schema.types import List, Map, Scalar, Struct, Type

_RETAIN: Final = "$retainKeys"
_DELETE_FROM: Final = "$deleteFromPrimitiveList"
_ORDER: Final = "$setElementOrder"
_FREE: Final = Scalar(kind="any")

Object = dict[str, Any]


def strategic_merge(kind: Type, original: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """``original`` with ``patch`` applied.

    A value whose JSON type differs from the original's replaces it; whether it fits is for decoding to say. Raises
    `BadRequest` for directives of the wrong shape, and `Unclassified` where Kubernetes answers 500: an unknown directive,
    an item without its merge key.
    """
    return merge_objects(kind, original, patch)


def left_over(patch: Mapping[str, Any]) -> Object:
    """What Go's merge leaves of a patch, which is what Kubernetes shows of one that it refuses: lists with a given order
    are used up."""
    used = {_beside(key, _ORDER) for key in patch if key.startswith(_ORDER)}
    return {
        key: left_over(value) if isinstance(value, dict) else value
        for key, value in patch.items()
        if key not in used and not key.startswith(_ORDER)
    }


def merge_objects(kind: Type, original: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    if DIRECTIVE in patch:
        return _directed(patch)
    merged = _retained(original, patch)
    ordered = {_beside(key, _ORDER): value for key, value in patch.items() if key.startswith(_ORDER)}
    for key, order in ordered.items():
        _merge_ordered(kind, merged, key, patch.get(key), order)
    for key, value in patch.items():
        if key.startswith(_DELETE_FROM):
            _delete_from(kind, merged, _beside(key, _DELETE_FROM), value)
        elif key != _RETAIN and not key.startswith(_ORDER) and key not in ordered:
            _merge_field(kind, merged, key, value)
    return merged


def _directed(patch: Mapping[str, Any]) -> Object:
    if patch[DIRECTIVE] == "replace":
        return {key: without_directives(item) for key, item in patch.items() if item is not None and key != DIRECTIVE}
    if patch[DIRECTIVE] == "delete":
        return {}
    raise unknown_directive(patch)


def _beside(key: str, prefix: str) -> str:
    """The list that a directive's key speaks of."""
    first, slash, name = key.partition("/")
    if first != prefix or not slash:
        word = "setElementOrder" if prefix == _ORDER else "primitive"
        raise BadRequest(f"invalid patch format of {word} list")
    return name


def _retained(original: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """A copy without what ``$retainKeys`` leaves out (a union's former member)."""
    if _RETAIN not in patch:
        return dict(original)
    kept = patch[_RETAIN]
    named = [key for key, value in patch.items() if value is not None and not key.startswith("$")]
    if not isinstance(kept, list) or any(key not in kept for key in named):
        raise BadRequest("invalid patch format of retainKeys")
    return {key: value for key, value in original.items() if key in kept}


def _delete_from(kind: Type, merged: Object, key: str, values: Any) -> None:
    """Kubernetes merges what should be deleted from a list of objects, for want of a better idea."""
    current = merged.get(key)
    if values is None:
        merged.pop(key, None)
    elif isinstance(values, list) and isinstance(current, list):
        if element_type(current, values) == "map[string]interface {}":
            merged[key] = _merge_items(field_type(kind, key), current, values)
            return
        gone = {identity(value) for value in values}
        merged[key] = [item for item in current if identity(item) not in gone]


def _merge_ordered(kind: Type, merged: Object, key: str, patch: Any, order: Any) -> None:
    """A list whose order the patch gives, with its changes, if there are any."""
    current = merged.get(key)
    for each in (order, *(one for one in (current, patch) if one is not None)):
        if not isinstance(each, list):
            raise Unclassified(f"expected a []interface {{}}, but received a {value_type(each)}")
    below = field_type(kind, key)
    merge_key = below.merge_key if isinstance(below, List) else None
    check_order(patch or [], order, merge_key)
    if current is None and patch is None:
        return
    if current is None:
        both = without_directives(patch)
    elif patch is None:
        both = current
    else:
        both = _merge_lists(below, current, patch)
    if not element_type(current or [], patch or []):
        raise Unclassified("no elements in any of the given slices")
    merged[key] = order_merged(both, current or [], order, merge_key)


def _merge_field(kind: Type, merged: Object, key: str, value: Any) -> None:
    """Merge one field of a patch into ``merged``, in place."""
    if value is None:
        merged.pop(key, None)
        return
    current, below = merged.get(key), field_type(kind, key)
    if isinstance(value, dict) and isinstance(current, dict):
        merged[key] = value if _is_replaced(kind, key) else merge_objects(below, current, value)
    elif isinstance(value, list) and isinstance(current, list):
        merged[key] = _merge_lists(below, current, value)
    elif isinstance(value, dict) and DIRECTIVE in value:
        merged.pop(key, None)
    else:
        merged[key] = without_directives(value)


def _merge_lists(kind: Type, original: list[Any], patch: list[Any]) -> list[Any]:
    if not isinstance(kind, List) or "merge" not in kind.patch_strategy:
        return patch
    return _merge_items(kind, original, patch)


def _merge_items(kind: Type, original: list[Any], patch: list[Any]) -> list[Any]:
    item, merge_key = (kind.item, kind.merge_key) if isinstance(kind, List) else (_FREE, None)
    return merge_lists(
        original,
        patch,
        merge_key,
        merge_item=lambda old, new: merge_objects(item, old, new),
        new_item=without_directives,
    )


def _is_replaced(kind: Type, key: str) -> bool:
    """Whether a field's object is replaced as a whole (``patchStrategy: replace``)."""
    return isinstance(kind, Struct) and key in kind.fields and "replace" in kind.fields[key].patch_strategy


def field_type(kind: Type, key: str) -> Type:
    """The type of a field or map value; free JSON where the schema does not know it."""
    if isinstance(kind, Struct) and key in kind.fields:
        return kind.fields[key].type
    return kind.value if isinstance(kind, Map) else _FREE


def without_directives(value: Any) -> Any:
    """A patch's value as it goes into an object that has none there: without nulls, directives and deleted items."""
    if isinstance(value, dict):
        return {
            key: without_directives(item)
            for key, item in value.items()
            if item is not None and key not in (DIRECTIVE, _RETAIN) and not key.startswith((_DELETE_FROM, _ORDER))
        }
    if isinstance(value, list):
        return [without_directives(item) for item in value if not (isinstance(item, dict) and DIRECTIVE in item)]
    return value
