"""What expressions can see of a schema, and how large it may become.

Of values without a type (``x-kubernetes-preserve-unknown-fields`` alone) an expression sees nothing, nor of lists and maps
of them. Sizes are those that Kubernetes assumes where a schema sets no limits: what fits into a request of three megabytes.
https://kubernetes.io/docs/reference/using-api/cel/#resource-constraints
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.cel.checked import DYN, Kind
from sampan.core.cel.names import escape
from sampan.core.classes import frozen
from sampan.core.model.rules.apiextensions_v1.structural import X

Schema = Mapping[str, Any]

LARGEST_REQUEST: Final = 3 << 20
LONGEST_TEXT: Final = LARGEST_REQUEST - 2
_TEXT: Final[Schema] = {"type": "string"}
META: Final[Schema] = {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}}
"""Of an object's metadata its name alone."""
_SCALARS: Final = {"boolean": ("bool", 4), "integer": ("int", 1), "number": ("double", 1)}
"""The words for them, and the fewest bytes they take as JSON."""
_FORMATS: Final = {
    "byte": ("bytes", 2, LONGEST_TEXT),
    "duration": ("duration", 3, 32),
    "date": ("timestamp", 12, 12),
    "date-time": ("timestamp", 21, 32),
}
"""Texts that are something else: the word, the fewest bytes and the most characters."""


@frozen
class Declared:
    """A value's type. ``largest``: characters or items that it may have; ``smallest``: bytes that it takes at least."""

    word: str
    largest: int = 0
    smallest: int = 2
    fields: Mapping[str, Declared] = {}
    item: Declared | None = None
    """What a list or a map is of."""

    @property
    def kind(self) -> Kind:
        match self.word:
            case "list" if self.item is not None:
                return Kind("list", parts=(self.item.kind,))
            case "map" if self.item is not None:
                return Kind("map", parts=(Kind("string"), self.item.kind))
            case "dyn":
                return DYN
            case _:
                return Kind(self.word)

    @property
    def times(self) -> int:
        """How many of these fit into a request."""
        return LARGEST_REQUEST // (self.smallest + 1)

    def at(self, path: Sequence[str]) -> Declared | None:
        """What a path leads to: names of fields, ``@items``, ``@values``, ``@keys``. Its first part names this value."""
        found: Declared | None = self
        for step in path[1:]:
            if found is None:
                return None
            if step in ("@items", "@values"):
                found = found.item
            elif step == "@keys":
                found = Declared("string") if found.word == "map" else None
            else:
                found = found.fields.get(step)
        return found


def visible(schema: Schema, *, is_object: bool = False) -> Schema | None:
    """The schema without what expressions cannot see; ``None`` where that is all. ``is_object``: with kind and metadata."""
    if schema.get(f"{X}int-or-string"):
        return schema
    if is_object:
        own = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": META}
        rest = {word: value for word, value in schema.items() if word != f"{X}embedded-resource"}
        schema = {**rest, "properties": {**(schema.get("properties") or {}), **own}}
    match schema.get("type"):
        case "array":
            return _with(schema, "items")
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            return _with(schema, "additionalProperties")
        case "object":
            found = {name: _below(each) for name, each in (schema.get("properties") or {}).items()}
            properties = {name: each for name, each in found.items() if each is not None}
            known = {word: value for word, value in schema.items() if word != "additionalProperties"}
            return {**known, "properties": properties, f"{X}preserve-unknown-fields": False}
        case "string" | "boolean" | "integer" | "number":
            return schema
        case _:
            return None


def _with(schema: Schema, word: str) -> Schema | None:
    below = _below(schema.get(word) or {})
    return None if below is None else {**schema, word: below}


def _below(schema: Schema) -> Schema | None:
    return visible(schema, is_object=bool(schema.get(f"{X}embedded-resource")))


def declare(schema: Schema) -> Declared:
    """The type of a visible schema."""
    if schema.get(f"{X}int-or-string"):
        return Declared("dyn", _longest(schema, LONGEST_TEXT), 1)
    match schema.get("type"):
        case "array":
            item = declare(schema["items"])
            return Declared("list", _count(schema, "maxItems", item.smallest + 1), item=item)
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            value = declare(schema["additionalProperties"])
            return Declared("map", _count(schema, "maxProperties", value.smallest + 6), item=value)
        case "object":
            return _object(schema)
        case "string":
            return _text(schema)
        case word:
            name, smallest = _SCALARS[word or ""]
            return Declared(name, 0, smallest)


def _object(schema: Schema) -> Declared:
    properties: Mapping[str, Schema] = schema.get("properties") or {}
    below = {name: declare(each) for name, each in properties.items()}
    needed = [
        name
        for name in dict.fromkeys(schema.get("required") or ())
        if name in below and properties[name].get("default") is None
    ]
    smallest = 2 + sum(len(name.encode()) + below[name].smallest + 4 for name in needed)
    fields = {escaped: each for name, each in below.items() if (escaped := escape(name)) is not None}
    return Declared("message", 0, smallest, fields)


def _text(schema: Schema) -> Declared:
    form = schema.get("format") or ""
    if form in _FORMATS:
        word, smallest, longest = _FORMATS[form]
        own = schema.get("maxLength") if form == "byte" else None
        return Declared(word, longest if own is None else max(own, 0), smallest)
    longest = max(
        (len(each.encode()) for each in schema.get("enum") or () if isinstance(each, str)), default=LONGEST_TEXT
    )
    return Declared("string", _longest(schema, longest))


def _longest(schema: Schema, otherwise: int) -> int:
    """A limit in characters, of which each may take four bytes."""
    own = schema.get("maxLength")
    return otherwise if own is None else max(own, 0) * 4


def _count(schema: Schema, word: str, each: int) -> int:
    own = schema.get(word)
    return (LARGEST_REQUEST - 2) // each if own is None else max(own, 0)


def measured(value: Any) -> Declared:
    """The type of a value that is there, and how large it is. Of a list's items: what is true of all of them."""
    if isinstance(value, str):
        return Declared("dyn", len(value))
    if isinstance(value, Mapping):
        fields = {escape(name) or name: measured(each) for name, each in value.items()}
        return Declared("map", len(value), fields=fields, item=_largest(list(fields.values())))
    if isinstance(value, list | tuple):
        return Declared("list", len(value), item=_largest([measured(each) for each in value]))
    return Declared("dyn", 1)


def _largest(parts: Sequence[Declared]) -> Declared:
    """What is true of each part."""
    if not parts:
        return Declared("dyn")
    items = [part.item for part in parts if part.item is not None]
    names = {name for part in parts for name in part.fields}
    return Declared(
        parts[0].word if len({part.word for part in parts}) == 1 else "dyn",
        max(part.largest for part in parts),
        fields={name: _largest([part.fields[name] for part in parts if name in part.fields]) for name in names},
        item=_largest(items) if items else None,
    )
