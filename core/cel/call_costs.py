"""What one call may cost, and how large its result may be, by the function and by how large its arguments may be.

https://kubernetes.io/docs/reference/using-api/cel/#resource-constraints
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sampan.core.cel.checked import Kind, Node
from sampan.core.cel.declared import Declared
from sampan.core.cel.library.function import AUTHORIZER, CHECK, CIDR, DECISION, FORMAT, IP, QUANTITY, SEMVER, URL
from sampan.core.cel.ranges import MOST, NOTHING, ONE, UNKNOWN, Range, exactly
from sampan.core.classes import frozen

CHARACTER: Final = 0.1
"""Cost of looking at one character."""
PATTERN: Final = 0.25
"""Cost of one character of a regular expression, for each character it is held against."""
LIST: Final = exactly(10)
_ADDRESS: Final = Range(4, 16)
"""Bytes of an IP address."""
_LONGEST_FORMAT: Final = 64
_LONGEST_FORMAT_PATTERN: Final = 128


LookUp = Callable[[tuple[str, ...]], Declared | None]
"""What is known of the value that a path leads to."""


@frozen
class Operand:
    """An argument, or what a method is called of. Without a node it is each item of a list."""

    node: Node | None
    path: tuple[str, ...]
    kind: Kind
    size: Range | None
    look_up: LookUp

    @property
    def size_or_unknown(self) -> Range:
        return UNKNOWN if self.size is None else self.size

    @property
    def number(self) -> int | None:
        """Of a constant."""
        node = self.node
        return node.value if node is not None and node.form == "constant" and node.literal == "int" else None

    def item(self) -> Operand | None:
        """Each item of a list; ``None`` for what has none, such as a text."""
        if not self.kind.parts:
            return None
        path = (*self.path, "@items") if self.path else ()
        declared = self.look_up(path) if path else None
        size = None if declared is None else Range(0, declared.largest)
        return Operand(None, path, self.kind.parts[0], size, self.look_up)


@frozen
class CallCost:
    cost: Range
    size: Range | None = None
    """Of the result, where it is known."""


Target = Operand | None
Estimate = Callable[[str, Target, Sequence[Operand]], CallCost | None]
"""Takes the overload, what a method is called of, and the arguments."""


def call_cost(function: str, overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost:
    """Without what the arguments themselves cost."""
    for estimate in (_LISTS.get(function), _FUNCTIONS.get(function), _LANGUAGE.get(overload)):
        found = None if estimate is None else estimate(overload, target, arguments)
        if found is not None:
            return found
    return CallCost(ONE)


def _fixed(cost: int) -> Estimate:
    return lambda overload, target, arguments: CallCost(exactly(cost))


def _scan(factor: float = 1, *, sized: bool = False, of_target: bool = False) -> Estimate:
    """A look at each character of the text that a call is about."""

    def estimate(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
        about = target if of_target else next(iter(arguments), None)
        if about is None:
            return None
        size = about.size_or_unknown
        return CallCost(size.times(factor * CHARACTER), size if sized else None)

    return estimate


# Kubernetes' own functions


def _selector(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if len(arguments) != 1:
        return None
    length = arguments[0].size_or_unknown
    return CallCost(LIST + length.times(CHARACTER) + length.times(0.5).times(50))


def _traversal(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    """Each item is looked at once. A text has positions too."""
    if target is None:
        return None
    item = target.item()
    if item is None:
        return CallCost(target.size_or_unknown.times(CHARACTER))
    each = ONE
    if item.kind.word in ("string", "bytes"):
        each += item.size_or_unknown.times(CHARACTER)
    return CallCost(target.size_or_unknown * each)


def _replace(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if target is None or len(arguments) < 2:
        return None
    text, old, new = (each.size_or_unknown for each in (target, *arguments[:2]))
    count_high, kept_high = _replaced(text.high, old.low, counted=new.high > old.low)
    count_low, kept_low = _replaced(text.low, old.high, counted=new.low < old.high)
    return CallCost(text.times(2 * CHARACTER), Range(count_low, count_high) * new + Range(kept_low, kept_high))


def _replaced(text: int, old: int, *, counted: bool) -> tuple[int, int]:
    """How often a part is replaced, where that is ``counted``, or else how much of the text is kept."""
    if old == 0:
        return min(text + 1, MOST), text
    return (math.ceil(text / old), 0) if counted else (0, text)


def _split(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if target is None:
        return None
    size = target.size_or_unknown
    limit = arguments[1].number if len(arguments) > 1 else None
    return CallCost(size.times(2 * CHARACTER), Range(0, size.high if limit is None else limit % (MOST + 1)))


def _join(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if target is None:
        return None
    count, item = target.size_or_unknown, target.item()
    size = NOTHING if item is None else count * item.size_or_unknown
    if arguments:
        between = Range(max(count.low - 1, 0), max(count.high - 1, 0))
        size += arguments[0].size_or_unknown * between
    return CallCost(size.times(CHARACTER), size)


def _find(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if target is None or not arguments:
        return None
    return CallCost(_search(target, arguments[0]), Range(0, target.size_or_unknown.high))


def _search(text: Operand, pattern: Operand) -> Range:
    """A pattern is held against an empty text too."""
    return (text.size_or_unknown + ONE).times(CHARACTER) * pattern.size_or_unknown.times(PATTERN)


def _ip(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if target is not None:
        return CallCost(ONE)
    return _scan()(overload, target, arguments)


def _contains_address(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    return _contained(arguments, (_ADDRESS + _ADDRESS).times(CHARACTER))


def _contains_network(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    return _contained(arguments, (_ADDRESS + _ADDRESS).times(CHARACTER) + _ADDRESS.times(CHARACTER) + ONE)


def _contained(arguments: Sequence[Operand], cost: Range) -> CallCost | None:
    """What is given as text has to be read first."""
    if not arguments:
        return None
    other = arguments[0]
    return CallCost(cost + other.size_or_unknown.times(CHARACTER) if other.kind.word == "string" else cost)


def _validate(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if not arguments:
        return None
    return CallCost(arguments[0].size_or_unknown.times(CHARACTER).times(_LONGEST_FORMAT_PATTERN * PATTERN))


def _equality(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    """Values of Kubernetes' own types are compared at once, but for the longest of them."""
    if len(arguments) != 2 or arguments[0].kind != arguments[1].kind:
        return None
    match arguments[0].kind.name:
        case name if name in (IP, CIDR, QUANTITY, SEMVER, AUTHORIZER, CHECK, DECISION):
            return CallCost(ONE)
        case name if name == FORMAT:
            return CallCost(Range(1, _LONGEST_FORMAT).times(CHARACTER))
        case name if name == URL:
            size = arguments[1].size or ONE
            return CallCost(Range(1, size.high).times(CHARACTER))
    return None


_FUNCTIONS: Final[Mapping[str, Estimate]] = {
    "check": _fixed(350_000),  # so that an expression may have two of them
    **dict.fromkeys(
        (
            "serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason",
            "error", "errored", "masked", "prefixLength", "family", "isUnspecified", "isLoopback",
            "isLinkLocalMulticast", "isLinkLocalUnicast", "isGlobalUnicast", "format.named", "sign", "asInteger",
            "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major",
            "minor", "patch", "getScheme", "getHostname", "getHost", "getPort", "getEscapedPath", "getQuery",
        ),
        _fixed(1),
    ),
    **dict.fromkeys(("fieldSelector", "labelSelector"), _selector),
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _traversal),
    **dict.fromkeys(("url", "jsonpatch.escapeKey"), _scan(sized=True)),
    **dict.fromkeys(("lowerAscii", "upperAscii", "substring", "trim"), _scan(sized=True, of_target=True)),
    **dict.fromkeys(("find", "findAll"), _find),
    **dict.fromkeys(("cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"), _scan()),
    "replace": _replace,
    "split": _split,
    "join": _join,
    "ip": _ip,
    "ip.isCanonical": _scan(2),
    "containsIP": _contains_address,
    "containsCIDR": _contains_network,
    "validate": _validate,
    "_==_": _equality,
}  # fmt: skip


# Functions of lists and sets


def _allocated(factor: float, size: Range) -> CallCost:
    return CallCost(size.times(factor) + ONE + LIST, size)


def _slice(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if target is None or len(arguments) != 2:
        return None
    begin, end = (each.number for each in arguments)
    last = target.size_or_unknown.high if end is None else end
    return _allocated(1, exactly((last - (begin or 0)) % (MOST + 1)))


def _range(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if target is not None or len(arguments) != 1:
        return None
    number = arguments[0].number
    return _allocated(1, exactly(MOST if number is None else number % (MOST + 1)))


def _flatten(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if target is None:
        return None
    depth = arguments[0].number if arguments else 1
    return _allocated(float(MOST if depth is None else depth), target.size_or_unknown)


def _reverse(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    return None if target is None or arguments else _allocated(1, target.size_or_unknown)


def _distinct(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    return None if target is None else _allocated(2, target.size_or_unknown * target.size_or_unknown)


def _sort(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    """By the items themselves, or by a list of keys for them."""
    by = arguments[0] if arguments else target
    if by is None:
        return None
    is_text = any(word in overload for word in ("string", "bytes"))
    return _allocated(2 + (CHARACTER if is_text else 0), by.size_or_unknown * by.size_or_unknown)


def _sets(factor: float) -> Estimate:
    def estimate(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
        if len(arguments) != 2:
            return None
        both = arguments[0].size_or_unknown * arguments[1].size_or_unknown
        return CallCost(both.times(factor) + ONE)

    return estimate


_LISTS: Final[Mapping[str, Estimate]] = {
    "slice": _slice,
    "lists.range": _range,
    "flatten": _flatten,
    "reverse": _reverse,
    "distinct": _distinct,
    "sort": _sort,
    "@sortByAssociatedKeys": _sort,
    "sets.contains": _sets(1),
    "sets.intersects": _sets(1),
    "sets.equivalent": _sets(2),
}


# The language


def _sized(factor: Callable[[Range], Range], *, of_target: bool = False) -> Estimate:
    def estimate(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
        about = target if of_target else next(iter(arguments), None)
        if about is None:
            return None
        size = about.size_or_unknown
        return CallCost(size.times(CHARACTER), factor(size))

    return estimate


def _in_list(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    return CallCost(arguments[1].size_or_unknown) if len(arguments) == 2 else None


def _matches(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    return CallCost(_search(target, arguments[0])) if target is not None and len(arguments) == 1 else None


def _contains(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if target is None or len(arguments) != 1:
        return None
    return CallCost(target.size_or_unknown.times(CHARACTER) * arguments[0].size_or_unknown.times(CHARACTER))


def _concatenated(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    if len(arguments) != 2:
        return None
    size = arguments[0].size_or_unknown + arguments[1].size_or_unknown
    return CallCost(ONE if overload == "add_list" else size.times(CHARACTER), size)


def _compared(overload: str, target: Target, arguments: Sequence[Operand]) -> CallCost | None:
    """As far as the shorter one goes."""
    high = min(arguments[0].size_or_unknown.high, arguments[1].size_or_unknown.high)
    return CallCost(Range(min(high, 1), high).times(CHARACTER))


_LANGUAGE: Final[Mapping[str, Estimate]] = {
    "string_format": _scan(of_target=True),
    "string_to_bytes": _sized(lambda size: Range(size.low, min(size.high * 4, MOST))),
    "bytes_to_string": _sized(lambda size: Range(size.low // 4, size.high)),
    "strings_quote": _sized(lambda size: Range(size.low + 2, min(size.high * 2 + 2, MOST))),
    **dict.fromkeys(("starts_with_string", "ends_with_string"), _scan()),
    "in_list": _in_list,
    "matches_string": _matches,
    "contains_string": _contains,
    **dict.fromkeys(("add_string", "add_bytes", "add_list"), _concatenated),
    **dict.fromkeys(("equals", "not_equals"), _compared),
    **dict.fromkeys(
        (
            f"{word}_{kind}"
            for word in ("less", "less_equals", "greater", "greater_equals")
            for kind in ("string", "bytes")
        ),
        _compared,
    ),
}
