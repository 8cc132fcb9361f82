"""A checked expression: its tree, what each name and call refers to, and the type of each part.

The library hands it out as the message ``CheckedExpr`` of https://github.com/google/cel-spec (``checked.proto`` and
``syntax.proto``, whose field numbers these are).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from sampan.core.cel.protobuf import every, first, number, text
from sampan.core.classes import frozen
from sampan.core.protobuf import values

_ANY_VALUE: Final = 2
_REFERENCES, _TYPES, _EXPRESSION, _SOURCE = 2, 3, 4, 5
_POSITIONS: Final = 4
Form = Literal["constant", "ident", "select", "call", "list", "map", "struct", "loop"]


@frozen
class Kind:
    """A type: ``string``, ``list`` with what its items are, ``message`` with its name …"""

    word: str
    name: str = ""
    parts: tuple[Kind, ...] = ()


DYN: Final = Kind("dyn")


def shown(kind: Kind) -> str:
    """``bool``, ``list(string)``, ``map(string, dyn)`` …"""
    word = kind.name if kind.word in ("message", "abstract") else {"null": "null_type"}.get(kind.word, kind.word)
    return f"{word}({', '.join(shown(part) for part in kind.parts)})" if kind.parts else word


_PRIMITIVES: Final = ("dyn", "bool", "int", "uint", "double", "string", "bytes")
_KNOWN: Final = ("dyn", "any", "timestamp", "duration")


@frozen
class Loop:
    """A comprehension. ``condition`` and ``step`` are done for each item, where ``item`` (and ``second``) stand for it."""

    over: Node
    item: str
    second: str
    result_name: str
    start: Node
    condition: Node
    step: Node
    result: Node


@frozen
class Node:
    """A part of an expression.

    ``name``: the name of an ident, the field of a select, the function of a call. ``value``: the size of a constant text,
    or the constant whole number itself.
    """

    id: int
    form: Form
    name: str = ""
    value: int | None = None
    literal: str = ""
    """Of a constant: the word of its type."""
    target: Node | None = None
    """What a field is selected of, or whose method is called."""
    parts: tuple[Node, ...] = ()
    """Arguments, items, or keys and values by turns."""
    is_test: bool = False
    loop: Loop | None = None

    def below(self) -> tuple[Node, ...]:
        loop = self.loop
        inner = () if loop is None else (loop.over, loop.start, loop.condition, loop.step, loop.result)
        return (*(() if self.target is None else (self.target,)), *self.parts, *inner)


@frozen
class Checked:
    root: Node
    names: Mapping[int, str]
    """What identifiers refer to, by the node."""
    overloads: Mapping[int, tuple[str, ...]]
    """What calls may come to, by the node."""
    types: Mapping[int, Kind]
    places: Mapping[int, int]
    """Where parts begin, in characters from the start of the text."""

    def type_of(self, node: Node) -> Kind:
        return self.types.get(node.id, DYN)


def decode(serialized: bytes) -> Checked:
    checked = first(serialized, _ANY_VALUE) or b""
    names, overloads = {}, {}
    for entry in every(checked, _REFERENCES):
        about = first(entry, 2) or b""
        names[number(entry, 1)] = text(about, 1)
        overloads[number(entry, 1)] = tuple(each.decode() for each in every(about, 3))
    types = {number(entry, 1): _kind(first(entry, 2) or b"") for entry in every(checked, _TYPES)}
    source = first(checked, _SOURCE) or b""
    places = {number(entry, 1): number(entry, 2) for entry in every(source, _POSITIONS)}
    return Checked(_node(first(checked, _EXPRESSION) or b""), names, overloads, types, places)


def nodes(node: Node) -> Iterator[Node]:
    """A node and all that are below it."""
    yield node
    for each in node.below():
        yield from nodes(each)


def _kind(message: bytes) -> Kind:
    for field, value in values(message):
        if isinstance(value, int):
            word = {2: "null", 3: _PRIMITIVES[value] if value < len(_PRIMITIVES) else "dyn", 4: "wrapper"}.get(field)
            word = _KNOWN[value] if field == 5 and value < len(_KNOWN) else word
            return Kind(word) if word else DYN
        if not isinstance(value, bytes):
            continue
        match field:
            case 6:
                return Kind("list", parts=(_kind(first(value, 1) or b""),))
            case 7:
                return Kind("map", parts=(_kind(first(value, 1) or b""), _kind(first(value, 2) or b"")))
            case 9:
                return Kind("message", value.decode())
            case 10:
                return Kind("parameter", value.decode())
            case 14:
                return Kind("abstract", text(value, 1), tuple(_kind(each) for each in every(value, 2)))
    return DYN


def _node(message: bytes) -> Node:
    identity = number(message, 2)
    for field, value in values(message):
        if not isinstance(value, bytes):
            continue
        match field:
            case 3:
                return _constant(identity, value)
            case 4:
                return Node(identity, "ident", text(value, 1))
            case 5:
                operand = _node(first(value, 1) or b"")
                return Node(identity, "select", text(value, 2), target=operand, is_test=bool(number(value, 3)))
            case 6:
                target = first(value, 1)
                parts = tuple(_node(each) for each in every(value, 3))
                owner = None if target is None else _node(target)
                return Node(identity, "call", text(value, 2), target=owner, parts=parts)
            case 7:
                return Node(identity, "list", parts=tuple(_node(each) for each in every(value, 1)))
            case 8:
                return _entries(identity, value)
            case 9:
                return Node(identity, "loop", loop=_loop(value))
    return Node(identity, "constant", literal="null")


def _constant(identity: int, message: bytes) -> Node:
    for field, value in values(message):
        if isinstance(value, bytes) and field in (6, 7):
            size = len(value.decode()) if field == 6 else len(value)
            shown = value.decode() if field == 6 else ""
            return Node(identity, "constant", shown, size, "string" if field == 6 else "bytes")
        if isinstance(value, int):
            signed = value - (1 << 64) if field == 3 and value >> 63 else value
            return Node(identity, "constant", value=signed, literal={2: "bool", 3: "int", 4: "uint"}.get(field, "null"))
    return Node(identity, "constant", literal="double")


def _entries(identity: int, message: bytes) -> Node:
    parts = []
    for entry in every(message, 2):
        parts += [_node(each) for each in (first(entry, 3), first(entry, 4)) if each is not None]
    return Node(identity, "struct" if text(message, 1) else "map", text(message, 1), parts=tuple(parts))


def _loop(message: bytes) -> Loop:
    over, start, condition, step, result = (_node(first(message, field) or b"") for field in (2, 4, 5, 6, 7))
    return Loop(over, text(message, 1), text(message, 8), text(message, 3), start, condition, step, result)
