"""Sets of fields as ``managedFields`` keeps them, and how two objects differ in such terms.

A path is a tuple of elements as FieldsV1 writes them: ``f:name``, ``k:{"name":"web"}`` for an item of a keyed list,
``v:"x"`` for one of a set. The rules are those of sigs.k8s.io/structured-merge-diff. Pure; called once per write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs
import orjson

from sampan.core.schema.types import List, Map, Scalar, Struct, Type

Path = tuple[str, ...]
FieldSet = frozenset[Path]

EMPTY: Final[FieldSet] = frozenset()
_MISSING: Final[Any] = object()
_ANYTHING: Final = Scalar(kind="any")
_MEMBER: Final = "."


@attrs.frozen
class Difference:
    """``added`` and ``removed`` name every path that is on one side only, containers included; ``modified`` leaves."""

    added: FieldSet
    removed: FieldSet
    modified: FieldSet

    @property
    def taken(self) -> FieldSet:
        """What the writer of the new object owns by having written it."""
        return self.added | self.modified


def compare(kind: Type, old: Any, new: Any, leave_out: frozenset[Path] = EMPTY) -> Difference:
    """How ``new`` differs from ``old``; paths in ``leave_out`` and what is below them do not count."""
    comparison = _Comparison(leave_out)
    comparison.children(kind, old, new, ())
    return Difference(frozenset(comparison.added), frozenset(comparison.removed), frozenset(comparison.modified))


class _Comparison:
    def __init__(self, leave_out: frozenset[Path]) -> None:
        self._leave_out = leave_out
        self.added: list[Path] = []
        self.removed: list[Path] = []
        self.modified: list[Path] = []

    def value(self, kind: Type, old: Any, new: Any, path: Path) -> None:
        if path in self._leave_out or old is new or (old is not _MISSING and new is not _MISSING and old == new):
            return
        if old is _MISSING:
            self.added.append(path)
        elif new is _MISSING:
            self.removed.append(path)
        elif is_leaf(kind) or (not old and not new):
            self.modified.append(path)
        if not is_leaf(kind):
            self.children(kind, old, new, path)

    def children(self, kind: Type, old: Any, new: Any, path: Path) -> None:
        before, after = _parts(kind, old), _parts(kind, new)
        for element in before.keys() | after.keys():
            item_kind, old_item = before.get(element, (_ANYTHING, _MISSING))
            if element in after:
                item_kind, new_item = after[element]
            else:
                new_item = _MISSING
            self.value(item_kind, old_item, new_item, (*path, element))


def is_leaf(kind: Type) -> bool:
    """Whether a value of this type is owned as a whole."""
    if isinstance(kind, List):
        return kind.list_type == "atomic"
    if isinstance(kind, Struct | Map):
        return kind.map_type == "atomic"
    return True


def _parts(kind: Type, value: Any) -> dict[str, tuple[Type, Any]]:
    """Element → type and value of what a container holds."""
    if isinstance(kind, Struct) and isinstance(value, Mapping):
        fields = kind.fields
        return {f"f:{key}": (fields[key].type if key in fields else _ANYTHING, item) for key, item in value.items()}
    if isinstance(kind, Map) and isinstance(value, Mapping):
        return {f"f:{key}": (kind.value, item) for key, item in value.items()}
    if isinstance(kind, List) and isinstance(value, list):
        return {element_of(kind, item): (kind.item, item) for item in value}
    return {}


def element_of(kind: List, item: Any) -> str:
    """How an item of a set or of a keyed list is called."""
    if kind.list_type == "map" and isinstance(item, Mapping):
        keys = {key: item[key] for key in kind.map_keys if key in item}
        return f"k:{orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()}"
    return f"v:{orjson.dumps(item).decode()}"


def below(paths: Iterable[Path], tops: Iterable[Path]) -> FieldSet:
    """Those of ``paths`` that are one of ``tops`` or inside of one."""
    tops = tuple(tops)
    return frozenset(path for path in paths if any(path[: len(top)] == top for top in tops))


def to_fields(paths: FieldSet) -> dict[str, Any]:
    """As FieldsV1: a tree in which ``.`` marks a container that is owned itself."""
    tree: dict[str, Any] = {}
    for path in sorted(paths, key=len, reverse=True):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        if node:
            node[_MEMBER] = {}
    return tree


def from_fields(tree: Mapping[str, Any], path: Path = ()) -> FieldSet:
    """The set that a FieldsV1 tree stands for."""
    if not tree:
        return frozenset((path,)) if path else EMPTY
    found: set[Path] = set()
    for element, below_it in tree.items():
        if element == _MEMBER:
            found.add(path)
        elif isinstance(below_it, Mapping):
            found |= from_fields(below_it, (*path, element))
    return frozenset(found)
