"""How finely the fields of a type are owned: what server-side apply compares, merges and removes one by one.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy. A *leaf* (a scalar, an atomic list or map)
has one owner as a whole. Structs and granular maps are owned field by field, sets and keyed lists item by item. Free-form
values have a type that is deduced from each value: objects are granular, everything else is a leaf. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from sampan.core.model.meta import UNSET
from sampan.core.schema.scalars import zero_of
from sampan.core.schema.types import List, Map, Scalar, Struct, Type

FREE: Final = Scalar(kind="any")
"""The type of what no schema describes."""
_DEDUCED_OBJECT: Final = Map(value=FREE)
_OPAQUE: Final = "raw-extension"


class Part(NamedTuple):
    """An owned part of a container: its element in a path, its type and value. ``named``: a field that a schema names."""

    element: str
    kind: Type
    value: Any
    named: bool = False


class NotAnItem(ValueError):
    """A list item that cannot be told from others; the message is structured-merge-diff's."""


def deduced(kind: Type, value: Any) -> Type:
    """The type by which ``value`` is owned: the given one, but for a free-form object.

    What is kept for others to read (a ControllerRevision's data) has one owner as a whole.
    """
    if not isinstance(kind, Scalar) or kind.kind != "any" or not isinstance(value, Mapping):
        return kind
    return kind if kind.limits.format == _OPAQUE else _DEDUCED_OBJECT


def is_leaf(kind: Type) -> bool:
    """Whether a value of this type is owned as a whole."""
    if isinstance(kind, List):
        return kind.list_type == "atomic"
    if isinstance(kind, (Struct, Map)):
        return kind.map_type == "atomic"
    return True


def is_container(kind: Type, value: Any) -> bool:
    """Whether ``value`` has the JSON type that its schema type has, and parts that are owned on their own."""
    if isinstance(kind, List):
        return isinstance(value, list) and kind.list_type != "atomic"
    if not isinstance(kind, (Struct, Map)) or kind.map_type == "atomic":
        return False
    return value.__class__ is dict or isinstance(value, Mapping)


Known = tuple[str, Type, bool]
"""A named field's element and type, and whether it is a leaf whatever its value."""


def known_fields(struct: Struct) -> Mapping[str, Known]:
    """By name, made once for each type."""
    known: dict[str, Known] | None = struct.compiled.get("owned")
    if known is None:
        known = struct.compiled["owned"] = {
            name: (f"f:{name}", field.type, is_leaf(field.type) and field.type != FREE)
            for name, field in struct.fields.items()
        }
    return known


def type_below(kind: Type, element: str) -> Type | None:
    """The type of a part by its element; ``None`` for a field that a schema does not have."""
    if isinstance(kind, List):
        return kind.item
    if isinstance(kind, Map):
        return kind.value
    if isinstance(kind, Struct):
        return field_type(kind, element[2:])
    return FREE if kind.kind == "any" else None


def field_type(struct: Struct, name: str) -> Type | None:
    field = struct.fields.get(name)
    if field is not None:
        return field.type
    return FREE if struct.preserve_unknown else None


def parts_of(kind: Type, value: Any) -> Iterator[Part]:
    """The parts of a container, in their order. Raises `NotAnItem`; items of one element may come more than once."""
    if isinstance(kind, List):
        for item in value:
            yield Part(element_of(kind, item), kind.item, item)
    elif isinstance(kind, Map):
        for key, item in value.items():
            yield Part(f"f:{key}", kind.value, item)
    elif isinstance(kind, Struct):
        known = known_fields(kind)
        for key, item in value.items():
            field = known.get(key)
            yield Part(f"f:{key}", FREE, item) if field is None else Part(field[0], field[1], item, named=True)


def element_of(kind: List, item: Any) -> str:
    """How an item of a set or of a keyed list is called. Raises `NotAnItem`."""
    return keyed(kind, item) if kind.map_keys else plain(item)


def plain(item: Any) -> str:
    if isinstance(item, Mapping):
        raise NotAnItem("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise NotAnItem("not supported: associative list with lists as elements")
    if item is None:
        raise NotAnItem("associative list without keys has an element that's an explicit null")
    return f"v:{orjson.dumps(item).decode()}"


def keyed(kind: List, item: Any) -> str:
    if item is None:
        raise NotAnItem("associative list with keys may not have a null element")
    if not isinstance(item, Mapping):
        raise NotAnItem("associative list with keys may not have non-map elements")
    keys: dict[str, Any] = {}
    for key in kind.map_keys:
        if key in item:
            keys[key] = item[key]
        elif (default := default_of(kind.item, key)) is not UNSET:
            keys[key] = default
    if not keys:
        words = " ".join(f'"{key}"' for key in kind.map_keys)
        raise NotAnItem(
            f"associative list with keys has an element that omits all key fields [{words}]"
            " (and doesn't have default values for any key fields)"
        )
    return f"k:{orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()}"


def default_of(kind: Type, key: str) -> Any:
    """The value that a key has where an item leaves it out."""
    field = kind.fields.get(key) if isinstance(kind, Struct) else None
    if field is None or field.default is None:
        return UNSET
    if field.default is UNSET and field.emit == "always":
        return zero_of(field.type)  # what is always written is empty where it is missing
    return field.default


def repeated(elements: Sequence[str]) -> frozenset[str]:
    """The elements that are there more than once."""
    if len(set(elements)) == len(elements):
        return frozenset()
    seen: set[str] = set()
    return frozenset(element for element in elements if element in seen or seen.add(element))  # type: ignore[func-returns-value]
