"""What an expression may cost, known before it is paid.

The language has no endless loops, but loops within loops over what a user sends: an object of 1.5 MB can hold a list of
100,000 items, and three loops over it would take a day. The bound is worked out from the expression's loops and from how
large the values are, in Kubernetes' units (about one for a step). It is never too low, and at times too high.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sampan.core.cel.checked import Loop, Node
from sampan.core.classes import frozen

TURNS = 10_000
"""Of all loops of an evaluation together."""
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
            if len(each) > characters:
                characters = len(each)
        elif type(each) is dict or isinstance(each, Mapping):
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

    def __init__(self, expression: Node) -> None:
        self._root = _node(expression, {})
        self.growth = _most_growth(self._root)
        """Of the largest value on the way, over the largest of the values that come in and the expression itself."""
        steps = list(_steps(self._root))
        self._count, self._scans = len(steps), sum(step.scans for step in steps)
        self._has_loops = any(step.looped for step in steps)

    def at_run_time(self, sizes: Sizes) -> float:
        """The most that it may cost over values of these sizes; of loops, the library ends all after so many turns."""
        once = self._count + self._scans * STRING_STEP * sizes.characters
        return min(self._root.cost(sizes), once * TURNS) if self._has_loops else once


def _steps(node: _Node) -> Iterator[_Node]:
    yield node
    for part in (*node.parts, *node.looped):
        yield from _steps(part)


def _most_growth(node: _Node) -> float:
    return max([node.growth.most, *(_most_growth(part) for part in (*node.parts, *node.looped))])


Growths = Mapping[str, Growth]
"""By the names that loops and ``cel.bind`` give to values; all others have not grown."""


def _node(node: Node, known: Growths) -> _Node:
    match node.form:
        case "ident":
            return _Node(False, (), growth=known.get(node.name, Growth()))
        case "select":
            part = _node(node.target or node, known)
            return _Node(False, (part,), growth=part.growth)
        case "call":
            return _call(node, known)
        case "list" | "map" | "struct":
            return _collection([_node(part, known) for part in node.parts])
        case "loop" if node.loop is not None:
            return _comprehension(node.loop, known)
    return _Node(False, ())


def _collection(parts: Sequence[_Node]) -> _Node:
    largest = _largest(parts)
    return _Node(False, tuple(parts), growth=Growth(largest.text, max(largest.items, len(parts))))


def _largest(parts: Sequence[_Node]) -> Growth:
    growths = [part.growth for part in parts]
    return Growth(max((each.text for each in growths), default=1), max((each.items for each in growths), default=1))


def _call(call: Node, known: Growths) -> _Node:
    parts = tuple(_node(part, known) for part in call.below())
    growth = _largest(parts)
    if call.name == "_+_":
        growth = Growth(sum(part.growth.text for part in parts), sum(part.growth.items for part in parts))
    elif call.name in _JOINS:
        growth = Growth(sum(part.growth.text * part.growth.items for part in parts), growth.items)
    elif call.name in _SPLITS:
        growth = Growth(growth.text, growth.most)
    return _Node(call.name in _SCANS, parts, growth=growth)


def _comprehension(loop: Loop, known: Growths) -> _Node:
    """A loop over a range, or one over nothing, which gives a name to what its result begins with (``cel.bind``)."""
    span, start = _node(loop.over, known), _node(loop.start, known)
    item = Growth(span.growth.text)
    inside = {**known, loop.item: item, loop.second: item, loop.result_name: Growth(0, 0)}
    each = tuple(_node(part, inside) for part in (loop.condition, loop.step))
    step = _largest(each)
    is_naming = loop.over.form == "list" and not loop.over.parts
    grown = start.growth if is_naming else Growth(step.text, max(span.growth.items, 1) * max(step.items, 1))
    end = _node(loop.result, {**known, loop.result_name: grown})
    return _Node(False, (span, start, end), each, end.growth)
