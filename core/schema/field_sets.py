"""Sets of fields in the form in which ``managedFields`` keeps them: a FieldsV1 tree is the set.

Keys are elements of a path: ``f:name`` for a field, ``k:{"name":"web"}`` for an item of a keyed list, ``v:"x"`` for one
of a set. A node that is empty, or that has the key ``.``, is in the set itself; the rest of it is what is in the set
below. The whole object is never in a set, so the empty tree is the empty set. Trees are never changed once made, and
share their parts.

The operations are those of sigs.k8s.io/structured-merge-diff. Pure; called once or a few times per write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Final

FieldSet = Mapping[str, Any]
Path = tuple[str, ...]

EMPTY: Final[FieldSet] = {}
MEMBER: Final = "."
LEAF: Final[FieldSet] = {}


def is_member(node: FieldSet) -> bool:
    """Whether a node (not the root) is in the set itself."""
    return not node or MEMBER in node


def union(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in one of two sets."""
    if not one or not other:
        return one or other
    return _grown(one, other)


def _grown(one: FieldSet, other: FieldSet) -> FieldSet:
    made = dict(one)
    for element, below in other.items():
        mine = made.get(element)
        made[element] = below if mine is None else _joined(mine, below)
    return made


def _joined(one: FieldSet, other: FieldSet) -> FieldSet:
    """Two nodes of one name."""
    if not one or not other:
        more = one or other
        return more if is_member(more) else {MEMBER: LEAF, **more}
    return _grown(one, other)


def difference(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in ``one`` and not in ``other``; what is below a field that is in ``other`` stays."""
    if not one or not other:
        return one
    made: dict[str, Any] = {}
    for element, below in one.items():
        theirs = other.get(element)
        rest = below if theirs is None else _remaining(below, theirs)
        if rest is not None:
            made[element] = rest
    return made


def _remaining(one: FieldSet, other: FieldSet) -> FieldSet | None:
    made: dict[str, Any] = {}
    for element, below in one.items():
        if element != MEMBER:
            theirs = other.get(element)
            rest = below if theirs is None else _remaining(below, theirs)
            if rest is not None:
                made[element] = rest
    if is_member(one) and not is_member(other):
        return {MEMBER: LEAF, **made} if made else LEAF
    return made or None


def intersection(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in both."""
    made: dict[str, Any] = {}
    for element, below in one.items():
        if element in other:
            both = _shared(below, other[element])
            if both is not None:
                made[element] = both
    return made


def _shared(one: FieldSet, other: FieldSet) -> FieldSet | None:
    made = {element: below for element, below in intersection(one, other).items() if element != MEMBER}
    if is_member(one) and is_member(other):
        return {MEMBER: LEAF, **made} if made else LEAF
    return made or None


def without(one: FieldSet, tops: FieldSet) -> FieldSet:
    """``one`` without the fields in ``tops`` and everything below them."""
    made: dict[str, Any] = {}
    for element, below in one.items():
        theirs = tops.get(element)
        if theirs is None:
            made[element] = below
        elif not is_member(theirs):
            # The node itself stays, even if nothing below it does.
            rest = without(below, theirs)
            if rest or is_member(below):
                made[element] = rest if len(rest) > 1 or MEMBER not in rest else LEAF
    return made


def insert(tree: MutableMapping[str, Any], path: Path) -> None:
    """Put a path into a tree that is being made; no other tree may share its parts yet."""
    if not path:
        return
    *parents, last = path
    for element in parents:
        below = tree.get(element)
        if below is None:
            below = tree[element] = {}
        elif not below:
            below = tree[element] = {MEMBER: LEAF}
        tree = below
    below = tree.get(last)
    if below is None:
        tree[last] = {}
    elif below:
        below[MEMBER] = LEAF


def set_of(*paths: Path) -> FieldSet:
    tree: dict[str, Any] = {}
    for path in paths:
        insert(tree, path)
    return tree


def paths_of(tree: FieldSet, above: Path = ()) -> Iterator[Path]:
    """Every path in the set, a field before what is below it."""
    for element, below in tree.items():
        if element == MEMBER:
            continue
        path = (*above, element)
        if is_member(below):
            yield path
        yield from paths_of(below, path)


def readable(tree: Any) -> FieldSet | None:
    """A tree that a client or the store gave, without elements of unknown sorts; ``None`` where it is no tree."""
    if not isinstance(tree, Mapping):
        return None
    made: dict[str, Any] = {}
    for element, below in tree.items():
        known = readable(below)
        if known is None:
            return None
        if element == MEMBER or element[:2] in ("f:", "k:", "v:", "i:"):
            made[element] = known
    return made


def path_text(path: Path) -> str:
    """A path as conflicts name it: ``.spec.ports[port=80,protocol="TCP"].name``."""
    return "".join(_element_text(element) for element in path)


def _element_text(element: str) -> str:
    sort, text = element[:2], element[2:]
    if sort == "f:":
        return f".{text}"
    if sort == "v:":
        return f"[={_value_text(json.loads(text))}]"
    if sort == "k:":
        keys = json.loads(text)
        return f"[{','.join(f'{key}={_value_text(keys[key])}' for key in sorted(keys))}]"
    return f"[{text}]"


def _value_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
