"""Strategic merge patch: Kubernetes' own patch, which merges lists by their items' keys.

The rules are those of ``k8s.io/apimachinery/pkg/util/strategicpatch`` and of "Update API Objects in Place Using kubectl
patch" in its documentation. Built-in kinds only. Pure: neither the original nor the patch is changed; any thread.

Directives in a patch: ``$patch: replace|delete|merge`` in an object, ``$patch: replace|delete`` in an item of a list,
``$retainKeys`` in an object, and beside a list ``x`` the keys ``$deleteFromPrimitiveList/x`` and ``$setElementOrder/x``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import BadRequest, InternalError
from sampan.core.schema.go_words import plus_v
from sampan.core.schema.types import List, Map, Scalar, Struct, Type

_DIRECTIVE: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_DELETE_FROM: Final = "$deleteFromPrimitiveList/"
_ORDER: Final = "$setElementOrder/"
_FREE: Final = Scalar(kind="any")

Object = dict[str, Any]


def strategic_merge(kind: Type, original: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """``original`` with ``patch`` applied.

    A value whose JSON type differs from the original's replaces it; whether it fits is for decoding to say. Raises
    `BadRequest` for directives of the wrong shape, and `InternalError` where Kubernetes answers 500: an unknown
    directive, an item without its merge key.
    """
    return _merge_object(kind, original, patch)


def left_over(patch: Mapping[str, Any]) -> Object:
    """What Go's merge leaves of a patch, which is what Kubernetes shows of one that it refuses: lists with a given order
    are used up."""
    used = {key[len(_ORDER) :] for key in patch if key.startswith(_ORDER)}
    return {
        key: left_over(value) if isinstance(value, dict) else value
        for key, value in patch.items()
        if key not in used and not key.startswith(_ORDER)
    }


def _merge_object(kind: Type, original: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return {key: _without_directives(item) for key, item in patch.items() if item is not None and key != _DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise _unknown_directive(directive, patch)
    merged = _retained(original, patch)
    for key, value in patch.items():
        if key.startswith(_DELETE_FROM):
            _delete_from(merged, key[len(_DELETE_FROM) :], value)
        elif key.startswith(_ORDER):
            if key[len(_ORDER) :] not in patch:
                _merge_field(kind, merged, key[len(_ORDER) :], [], patch)
        elif key not in (_DIRECTIVE, _RETAIN):
            _merge_field(kind, merged, key, value, patch)
    return merged


def _retained(original: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """A copy without what ``$retainKeys`` leaves out (a union's former member)."""
    if _RETAIN not in patch:
        return dict(original)
    kept = patch[_RETAIN]
    named = [key for key, value in patch.items() if value is not None and not key.startswith("$")]
    if not isinstance(kept, list) or any(key not in kept for key in named):
        raise BadRequest("invalid patch format of retainKeys")
    return {key: value for key, value in original.items() if key in kept}


def _delete_from(merged: Object, key: str, values: Any) -> None:
    if not isinstance(values, list):
        raise BadRequest("invalid patch format of primitive list")
    if isinstance(merged.get(key), list):
        merged[key] = [item for item in merged[key] if item not in values]


def _merge_field(kind: Type, merged: Object, key: str, value: Any, patch: Mapping[str, Any]) -> None:
    """Merge one field of a patch into ``merged``, in place."""
    if value is None:
        merged.pop(key, None)
        return
    current, below = merged.get(key), field_type(kind, key)
    if isinstance(value, dict) and isinstance(current, dict) and not _is_replaced(kind, key):
        merged[key] = _merge_object(below, current, value)
    elif isinstance(value, list) and isinstance(current, list) and isinstance(below, List):
        merged[key] = _merge_list(below, current, value, _order_of(patch, key))
    elif not (isinstance(value, dict) and value.get(_DIRECTIVE) == "delete") and (value or key in patch):
        merged[key] = _without_directives(value)


def _is_replaced(kind: Type, key: str) -> bool:
    """Whether a field's object is replaced as a whole (``patchStrategy: replace``)."""
    return isinstance(kind, Struct) and key in kind.fields and "replace" in kind.fields[key].patch_strategy


def field_type(kind: Type, key: str) -> Type:
    """The type of a field or map value; free JSON where the schema does not know it."""
    if isinstance(kind, Struct) and key in kind.fields:
        return kind.fields[key].type
    return kind.value if isinstance(kind, Map) else _FREE


def _order_of(patch: Mapping[str, Any], key: str) -> list[Any] | None:
    order = patch.get(_ORDER + key)
    if order is not None and not isinstance(order, list):
        raise BadRequest("invalid patch format of setElementOrder list")
    return order


def _merge_list(kind: List, original: list[Any], patch: list[Any], order: list[Any] | None) -> list[Any]:
    if "merge" not in kind.patch_strategy:
        merged = patch or original if order is not None else patch
        return _in_order(merged, original, patch if order is None else order, kind.merge_key)
    if not any(isinstance(item, dict | list) for item in (*original, *patch)):
        merged = [*original, *(item for item in patch if item not in original)]
        return _in_order(merged, original, patch if order is None else order, None)
    for item in (*original, *patch):
        if not isinstance(item, dict) or kind.merge_key is None:
            raise BadRequest("invalid JSON document")
    key = str(kind.merge_key)
    if any(item.get(_DIRECTIVE) == "replace" for item in patch):
        return [_without_directives(item) for item in patch if _DIRECTIVE not in item]
    merged = _merge_items(kind.item, key, original, patch)
    listed = [item for item in patch if _DIRECTIVE not in item] if order is None else order
    return _in_order(merged, original, listed, key)


def _merge_items(kind: Type, key: str, original: list[Any], patch: list[Any]) -> list[Any]:
    """Items with equal ``key`` merged, new ones at the end, those with ``$patch: delete`` gone."""
    deleted = [_identity(item, key) for item in patch if item.get(_DIRECTIVE) == "delete"]
    merged = [item for item in original if item.get(key) not in deleted]
    for item in patch:
        directive = item.get(_DIRECTIVE)
        if directive == "delete":
            continue
        if directive is not None:
            raise _unknown_directive(directive, item)
        identity = _identity(item, key)
        place = next((place for place, each in enumerate(merged) if each.get(key) == identity), None)
        if place is None:
            merged.append(_without_directives(item))
        else:
            merged[place] = _merge_object(kind, merged[place], item)
    return merged


def _identity(item: Mapping[str, Any], key: str) -> Any:
    if key not in item:
        raise InternalError(f"map: {plus_v(dict(item))} does not contain declared merge key: {key}")
    return item[key]


def _in_order(merged: list[Any], original: list[Any], listed: Sequence[Any], key: str | None) -> list[Any]:
    """A merged list in Kubernetes' order.

    Items that the patch lists stand as it lists them. Those that only the server has keep their order; each goes before
    a listed item only if it stood before it on the server, so that new items come first.
    """
    wanted = [_name(item, key) for item in listed]
    before = [_name(item, key) for item in original]
    ours = sorted(
        (item for item in merged if _name(item, key) in wanted), key=lambda item: wanted.index(_name(item, key))
    )
    theirs = [item for item in merged if _name(item, key) not in wanted]
    out: list[Any] = []
    while ours and theirs:
        mine, other = _name(ours[0], key), _name(theirs[0], key)
        first = mine in before and other in before and before.index(other) < before.index(mine)
        out.append(theirs.pop(0) if first else ours.pop(0))
    return out + ours + theirs


def _name(item: Any, key: str | None) -> Any:
    return item.get(key) if key is not None and isinstance(item, dict) else item


def _without_directives(value: Any) -> Any:
    """A patch's value as it goes into an object that has none there: without nulls, directives and deleted items."""
    if isinstance(value, dict):
        return {
            key: _without_directives(item)
            for key, item in value.items()
            if item is not None and key not in (_DIRECTIVE, _RETAIN) and not key.startswith((_DELETE_FROM, _ORDER))
        }
    if isinstance(value, list):
        return [_without_directives(item) for item in value if not (isinstance(item, dict) and _DIRECTIVE in item)]
    return value


def _unknown_directive(directive: Any, patch: Mapping[str, Any]) -> InternalError:
    return InternalError(f"unknown patch type {directive} found in {plus_v(dict(patch))}")
