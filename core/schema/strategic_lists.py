"""Lists in a strategic merge patch: items merged by their key, and the order of the result.

Called by `sampan.core.schema.strategic`. Every look-up goes by an item's identity, so that the work grows with the
lists and not with their product. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from sampan.core.errors import Unclassified
from sampan.core.schema.go_words import plus_v, value_type

DIRECTIVE: Final = "$patch"

Item = dict[str, Any]
Identity = tuple[type, Any]


class NoListsOfLists(Unclassified):
    """Kubernetes answers 422 without a reason."""

    code = 422

    def __init__(self) -> None:
        super().__init__("lists of lists are not supported")


def identity(value: Any) -> Identity:
    """Equal for equal JSON values, and nothing else: ``1`` is not ``true``."""
    if isinstance(value, dict | list):
        return dict, orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return type(value), value


def merge_lists(
    original: list[Any],
    patch: list[Any],
    key: str | None,
    *,
    merge_item: Callable[[Item, Item], Item],
    new_item: Callable[[Item], Item],
) -> list[Any]:
    """The items of both, in Kubernetes' order. ``merge_item`` merges two of one key, ``new_item`` cleans a new one."""
    if not original and not patch:
        return original
    if element_type(original, patch) != "map[string]interface {}":
        both = list({identity(item): item for item in (*original, *patch)}.values())
        return order_merged(both, original, patch, None)
    if key is None:
        raise Unclassified("cannot merge lists without merge key for struct")
    original, patch = _directed(original, patch, key)
    merged = list(original)
    places: dict[Identity, int] = {}
    for place, item in enumerate(merged):
        if key in item:
            places.setdefault(identity(item[key]), place)
    for item in patch:
        name = identity(key_of(item, key))
        found = places.get(name)
        if found is None:
            places[name] = len(merged)
            merged.append(new_item(item))
        else:
            merged[found] = merge_item(merged[found], item)
    return order_merged(merged, original, patch, key)


def _directed(original: list[Item], patch: list[Item], key: str) -> tuple[list[Item], list[Item]]:
    """What is left to merge once ``$patch`` in items has been obeyed."""
    plain = [item for item in patch if DIRECTIVE not in item]
    gone: set[Identity] = set()
    replaces = False
    for item in patch:
        directive = item.get(DIRECTIVE)
        if directive == "delete":
            gone.add(identity(key_of(item, key)))
        elif directive == "replace":
            replaces = True
        elif directive == "merge":
            raise Unclassified("merging lists cannot yet be specified in the patch")
        elif DIRECTIVE in item:
            raise unknown_directive(item)
    if replaces:
        return plain, []
    return [item for item in original if key not in item or identity(item[key]) not in gone], plain


def check_order(patch: list[Any], order: list[Any], key: str | None) -> None:
    """What a patch adds or changes must stand as ``$setElementOrder`` says. Raises `Unclassified`."""
    listed = iter([_name(item, key) for item in order])
    changed = [item for item in patch if not (isinstance(item, dict) and DIRECTIVE in item)]
    if not order or not changed:
        return
    if not all(_name(item, key) in listed for item in changed):
        said = f"The order in patch list:\n{plus_v(patch)}\n doesn't match $setElementOrder list:\n{plus_v(order)}\n"
        raise Unclassified(said)


def order_merged(merged: list[Any], original: list[Any], listed: Sequence[Any], key: str | None) -> list[Any]:
    """A merged list in Kubernetes' order.

    Items that the patch lists stand as it lists them. Those that only the server has keep their order; each goes before
    a listed item only if it stood before it on the server, so that new items come first.
    """
    wanted = _places(listed, key)
    before = _places(original, key)
    named = [(_name(item, key), item) for item in merged]
    ours = sorted((pair for pair in named if pair[0] in wanted), key=lambda pair: wanted[pair[0]])
    theirs = [pair for pair in named if pair[0] not in wanted]
    out: list[Any] = []
    mine = other = 0
    while mine < len(ours) and other < len(theirs):
        place, its_place = before.get(ours[mine][0]), before.get(theirs[other][0])
        if place is not None and its_place is not None and its_place < place:
            out.append(theirs[other][1])
            other += 1
        else:
            out.append(ours[mine][1])
            mine += 1
    return out + [item for _, item in (*ours[mine:], *theirs[other:])]


def _places(items: Sequence[Any], key: str | None) -> Mapping[Identity, int]:
    places: dict[Identity, int] = {}
    for place, item in enumerate(items):
        places.setdefault(_name(item, key), place)
    return places


def _name(item: Any, key: str | None) -> Identity:
    return identity(key_of(item, key)) if key is not None and isinstance(item, dict) else identity(item)


def key_of(item: Item, key: str) -> Any:
    if key not in item:
        raise Unclassified(f"map: {plus_v(item)} does not contain declared merge key: {key}")
    return item[key]


def element_type(original: list[Any], patch: list[Any]) -> str:
    """Go's type of all items, which must be one; empty where there are none."""
    kinds = [value_type(item) for item in (*original, *patch)]
    if not kinds:
        return ""
    if kinds[0] == "[]interface {}":
        raise NoListsOfLists
    if any(kind != kinds[0] for kind in kinds):
        raise Unclassified(f"list element types are not identical: {plus_v([original, patch])}")
    return kinds[0]


def unknown_directive(patch: Mapping[str, Any]) -> Unclassified:
    return Unclassified(f"unknown patch type: {patch[DIRECTIVE]} in map: {plus_v(dict(patch))}")
