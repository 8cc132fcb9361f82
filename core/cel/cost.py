"""What an expression may cost, known before it is paid.

The language has no endless loops, but loops within loops over what a user sends: an object of 1.5 MB can hold a list of
100,000 items, and three loops over it would take a day. The bound is worked out from the expression's loops and from how
large the values are, in Kubernetes' units (about one for a step). It is never too low, and at times too high.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

# Numbers of the fields in google/api/expr's checked.proto and syntax.proto.
_CHECKED_EXPR = 4
_ANY_VALUE = 2
STRING_STEP = 0.1
"""Cost of looking at one character."""
_SCANS = frozenset(
    ("matches", "contains", "startsWith", "endsWith", "find", "findAll", "split", "replace", "join", "_+_")
)


@attrs.frozen
class Sizes:
    """The largest list or map, and the longest string, among some values."""

    items: int = 0
    characters: int = 0


def measure(value: Any) -> Sizes:
    """Sizes in a JSON value, without recursion of Python's own."""
    items = characters = 0
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            characters = max(characters, len(each))
        elif isinstance(each, Mapping):
            items = max(items, len(each))
            waiting.extend(each.values())
        elif isinstance(each, list | tuple):
            items = max(items, len(each))
            waiting.extend(each)
    return Sizes(items, characters)


@attrs.frozen
class _Node:
    """One step: what it costs itself, and whether its parts are done once for each item of a list."""

    scans: bool
    parts: tuple[_Node, ...]
    looped: tuple[_Node, ...] = ()

    def cost(self, sizes: Sizes) -> float:
        own = 1 + (STRING_STEP * sizes.characters if self.scans else 0)
        once = sum(part.cost(sizes) for part in self.parts)
        each = sum(part.cost(sizes) for part in self.looped)
        return own + once + each * max(sizes.items, 1)


class Cost:
    """The steps of one compiled expression."""

    def __init__(self, serialized: bytes) -> None:
        checked = _first(serialized, _ANY_VALUE) or b""
        self._root = _node(_first(checked, _CHECKED_EXPR) or b"")

    def at_run_time(self, sizes: Sizes) -> float:
        """The most that it may cost over values of these sizes."""
        return self._root.cost(sizes)

    @property
    def depth(self) -> int:
        """How many loops there are within one another."""
        return _depth(self._root)


def _depth(node: _Node) -> int:
    inner = max((_depth(part) for part in node.looped), default=0) + (1 if node.looped else 0)
    return max(inner, max((_depth(part) for part in node.parts), default=0))


def _node(expression: bytes) -> _Node:
    for number, value in _fields(expression):
        if not isinstance(value, bytes):
            continue
        match number:
            case 5:  # select: operand
                return _Node(False, (_node(_first(value, 1) or b""),))
            case 6:
                return _call(value)
            case 7:
                return _Node(False, tuple(_node(part) for part in _all(value, 1)))
            case 8:
                entries = _all(value, 2)
                return _Node(False, tuple(_node(_first(entry, part) or b"") for entry in entries for part in (3, 4)))
            case 9:
                return _comprehension(value)
    return _Node(False, ())


def _call(call: bytes) -> _Node:
    function = (_first(call, 2) or b"").decode()
    target = _first(call, 1)
    parts = [*([target] if target else ()), *_all(call, 3)]
    return _Node(function in _SCANS, tuple(_node(part) for part in parts))


def _comprehension(loop: bytes) -> _Node:
    once = tuple(_node(_first(loop, part) or b"") for part in (2, 4, 7))
    each = tuple(_node(_first(loop, part) or b"") for part in (5, 6))
    return _Node(False, once, each)


# Just enough of protobuf's wire format to walk a serialized expression.


def _first(message: bytes, wanted: int) -> bytes | None:
    return next(iter(_all(message, wanted)), None)


def _all(message: bytes, wanted: int) -> list[bytes]:
    return [value for number, value in _fields(message) if number == wanted and isinstance(value, bytes)]


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, at = _varint(message, at)
            yield number, value
        elif wire_type == 2:
            length, at = _varint(message, at)
            yield number, message[at : at + length]
            at += length
        else:
            at += 8 if wire_type == 1 else 4


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
