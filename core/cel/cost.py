"""What an expression may cost, known before it is paid.

The language has no endless loops, but loops within loops over what a user sends: an object of 1.5 MB can hold a list of
100,000 items, and three loops over it would take a day. The bound is worked out from the expression's loops and from how
large the values are, in Kubernetes' units (about one for a step). It is never too low, and at times too high.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sampan.core.classes import frozen

# Numbers of the fields in google/api/expr's checked.proto and syntax.proto.
_CHECKED_EXPR = 4
_ANY_VALUE = 2
STRING_STEP = 0.1
"""Cost of looking at one character."""
_SCANS = frozenset(
    ("matches", "contains", "startsWith", "endsWith", "find", "findAll", "split", "replace", "join", "_+_")
)
_JOINS = frozenset(("join", "replace", "format"))
"""What may give a text as large as all that it is given."""
_SPLITS = frozenset(("split", "findAll"))
"""What gives a list of a text's parts."""


@frozen
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


@frozen
class Growth:
    """How many times as large as anything that comes in a value may be: its texts, and its number of items."""

    text: float = 1
    items: float = 1

    @property
    def most(self) -> float:
        return max(self.text, self.items)


@frozen
class _Node:
    """One step: what it costs itself, and whether its parts are done once for each item of a list."""

    scans: bool
    parts: tuple[_Node, ...]
    looped: tuple[_Node, ...] = ()
    growth: Growth = Growth()

    def cost(self, sizes: Sizes) -> float:
        own = 1 + (STRING_STEP * sizes.characters if self.scans else 0)
        once = sum(part.cost(sizes) for part in self.parts)
        each = sum(part.cost(sizes) for part in self.looped)
        return own + once + each * max(sizes.items, 1)


class Cost:
    """The steps of one compiled expression."""

    def __init__(self, serialized: bytes) -> None:
        checked = _first(serialized, _ANY_VALUE) or b""
        self._root = _node(_first(checked, _CHECKED_EXPR) or b"", {})
        self.growth = _most_growth(self._root)
        """Of the largest value on the way, over the largest of the values that come in and the expression itself."""

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


def _most_growth(node: _Node) -> float:
    return max([node.growth.most, *(_most_growth(part) for part in (*node.parts, *node.looped))])


Growths = Mapping[str, Growth]
"""By the names that loops and ``cel.bind`` give to values; all others have not grown."""


def _node(expression: bytes, known: Growths) -> _Node:
    for number, value in _fields(expression):
        if not isinstance(value, bytes):
            continue
        match number:
            case 4:
                return _Node(False, (), growth=known.get((_first(value, 1) or b"").decode(), Growth()))
            case 5:  # select: operand
                part = _node(_first(value, 1) or b"", known)
                return _Node(False, (part,), growth=part.growth)
            case 6:
                return _call(value, known)
            case 7:
                return _collection([_node(part, known) for part in _all(value, 1)])
            case 8:
                entries = _all(value, 2)
                return _collection([_node(_first(each, part) or b"", known) for each in entries for part in (3, 4)])
            case 9:
                return _comprehension(value, known)
    return _Node(False, ())


def _collection(parts: Sequence[_Node]) -> _Node:
    largest = _largest(parts)
    return _Node(False, tuple(parts), growth=Growth(largest.text, max(largest.items, len(parts))))


def _largest(parts: Sequence[_Node]) -> Growth:
    growths = [part.growth for part in parts]
    return Growth(max((each.text for each in growths), default=1), max((each.items for each in growths), default=1))


def _call(call: bytes, known: Growths) -> _Node:
    function = (_first(call, 2) or b"").decode()
    target = _first(call, 1)
    parts = tuple(_node(part, known) for part in (*([target] if target else ()), *_all(call, 3)))
    growth = _largest(parts)
    if function == "_+_":
        growth = Growth(sum(part.growth.text for part in parts), sum(part.growth.items for part in parts))
    elif function in _JOINS:
        growth = Growth(sum(part.growth.text * part.growth.items for part in parts), growth.items)
    elif function in _SPLITS:
        growth = Growth(growth.text, growth.most)
    return _Node(function in _SCANS, parts, growth=growth)


def _comprehension(loop: bytes, known: Growths) -> _Node:
    """A loop over a range, or one over nothing, which gives a name to what its result begins with (``cel.bind``)."""
    over = _first(loop, 2) or b""
    span, start = _node(over, known), _node(_first(loop, 4) or b"", known)
    item, result = ((_first(loop, part) or b"").decode() for part in (1, 3))
    inside = {**known, item: Growth(span.growth.text), result: Growth(0, 0)}
    each = tuple(_node(_first(loop, part) or b"", inside) for part in (5, 6))
    step = _largest(each)
    is_naming = _first(over, 7) == b""
    grown = start.growth if is_naming else Growth(step.text, max(span.growth.items, 1) * max(step.items, 1))
    end = _node(_first(loop, 7) or b"", {**known, result: grown})
    return _Node(False, (span, start, end), each, end.growth)


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
