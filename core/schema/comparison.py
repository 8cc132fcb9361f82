"""How two objects of one type differ, in fields that can be owned.

The rules are those of sigs.k8s.io/structured-merge-diff's comparison. Pure; called once per write, so what is new or
gone as a whole is not compared any further, and equal parts are passed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sampan.core.classes import frozen
from sampan.core.schema.field_sets import LEAF, MEMBER, FieldSet, union, without
from sampan.core.schema.granularity import FREE, deduced, is_container, is_leaf, known_fields, parts_of
from sampan.core.schema.types import Struct, Type

Tree = dict[str, Any]


@frozen
class Difference:
    """``added`` and ``removed`` hold every field that is on one side only, containers included; ``modified`` leaves."""

    added: FieldSet
    removed: FieldSet
    modified: FieldSet

    @property
    def taken(self) -> FieldSet:
        """What the writer of the new object owns by having written it."""
        return union(self.added, self.modified)

    def leaving_out(self, fields: FieldSet) -> Difference:
        """Without some fields and everything below them."""
        return Difference(without(self.added, fields), without(self.removed, fields), without(self.modified, fields))


def compare(kind: Type, old: Any, new: Any) -> Difference:
    """How ``new`` differs from ``old``. Raises `NotAnItem` for list items that cannot be told apart."""
    added: Tree = {}
    removed: Tree = {}
    modified: Tree = {}
    _compare_parts(kind, old, new, (added, removed, modified))
    return Difference(added, removed, modified)


def whole(kind: Type, value: Any) -> FieldSet:
    """The node of something that is there on one side alone: itself, and everything in it."""
    kind = deduced(kind, value)
    if not value or not is_container(kind, value):
        return LEAF
    if isinstance(kind, Struct):
        return _whole_struct(kind, value)
    node: Tree = {MEMBER: LEAF}
    for element, below, item, _ in parts_of(kind, value):
        # An item that is there several times is owned as a whole.
        node[element] = LEAF if element in node else whole(below, item)
    return node


def _whole_struct(kind: Struct, value: Mapping[str, Any]) -> FieldSet:
    """Most of an object, so it is looked at in as few steps as there can be."""
    node: Tree = {MEMBER: LEAF}
    known = known_fields(kind)
    for key, item in value.items():
        element, below, leaf = known.get(key) or (f"f:{key}", FREE, False)
        if leaf or not item:
            node[element] = LEAF
        elif item.__class__ is dict and below.__class__ is Struct and below.map_type != "atomic":
            node[element] = _whole_struct(below, item)
        else:
            node[element] = whole(below, item)
    return node


def _compare_parts(kind: Type, old: Any, new: Any, found: tuple[Tree, Tree, Tree]) -> None:
    """Two values of a container's type, of which either may be something else."""
    if isinstance(old, list) or isinstance(new, list):
        _compare_items(kind, old, new, found)
        return
    before = {part.element: part for part in parts_of(kind, old)} if is_container(kind, old) else {}
    for element, below, item, _ in parts_of(kind, new) if is_container(kind, new) else ():
        part = before.pop(element, None)
        if part is None:
            found[0][element] = whole(below, item)
        elif part.value != item:
            _compare_values(below, part.value, item, element, found)
    for element, part in before.items():
        found[1][element] = whole(part.kind, part.value)


def _compare_values(kind: Type, old: Any, new: Any, element: str, found: tuple[Tree, Tree, Tree]) -> None:
    """Two different values of one field or item."""
    modified = found[2]
    old_kind = deduced(kind, new if old is None else old)
    new_kind = deduced(kind, old if new is None else new)
    if is_leaf(old_kind) or is_leaf(new_kind) or (not old and not new):
        modified[element] = LEAF
    if is_leaf(old_kind) and is_leaf(new_kind):
        return
    below: tuple[Tree, Tree, Tree] = ({}, {}, {})
    _compare_parts(new_kind if is_leaf(old_kind) else old_kind, old, new, below)
    for tree, more in zip(found, below, strict=True):
        if more:
            tree[element] = {MEMBER: LEAF, **more} if element in tree else more


def _compare_items(kind: Type, old: Any, new: Any, found: tuple[Tree, Tree, Tree]) -> None:
    """Sets and keyed lists. Items that share an element are one leaf together."""
    added, removed, modified = found
    before, after = _items(kind, old), _items(kind, new)
    for element in {**before, **after}:
        olds, news = before.get(element, []), after.get(element, [])
        if len(olds) < 2 and len(news) < 2:
            if not olds:
                added[element] = whole(*news[0])
            elif not news:
                removed[element] = whole(*olds[0])
            elif olds[0][1] != news[0][1]:
                _compare_values(news[0][0], olds[0][1], news[0][1], element, found)
        elif len(olds) > 1 and len(news) > 1:
            if [item for _, item in olds] != [item for _, item in news]:
                modified[element] = LEAF
        elif len(olds) > 1:
            removed[element] = LEAF
            if news:
                added[element] = whole(*news[0])
        else:
            added[element] = LEAF
            if olds:
                removed[element] = whole(*olds[0])


def _items(kind: Type, value: Any) -> Mapping[str, list[tuple[Type, Any]]]:
    found: dict[str, list[tuple[Type, Any]]] = defaultdict(list)
    if is_container(kind, value):
        for element, below, item, _ in parts_of(kind, value):
            found[element].append((below, item))
    return found
