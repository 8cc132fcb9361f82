"""Constants in an expression that could never be right: durations, times and patterns, lists and maps of mixed types."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sampan.core.cel.checked import DYN, Checked, Kind, Node, nodes, shown
from sampan.core.cel.durations import parse_duration
from sampan.core.cel.optional_results import mistake
from sampan.core.model.regex import PatternError, compiled


def wrong_literals(checked: Checked, source: str, *, mixed: bool, before: int) -> list[str]:
    """What is wrong, with places. ``mixed``: types may be mixed. ``before``: characters that were put before the text."""
    places = checked.places
    found = [*_arguments(checked), *(() if mixed else _aggregates(checked, checked.root))]
    return [mistake(source, max(places.get(node.id, 0) - before, 0), words) for node, words in found]


def _arguments(checked: Checked) -> Iterator[tuple[Node, str]]:
    for name, is_right in (("duration", _is_duration), ("timestamp", _is_time), ("matches", _is_pattern)):
        for node in nodes(checked.root):
            argument = node.parts[0] if node.form == "call" and node.name == name and node.parts else None
            if argument is not None and argument.literal == "string" and not is_right(argument.name):
                yield argument, f"invalid {name} argument"


def _is_duration(text: str) -> bool:
    return parse_duration(text) is not None


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_pattern(text: str) -> bool:
    try:
        compiled(text)
    except PatternError:
        return False
    return True


def _aggregates(checked: Checked, node: Node) -> Iterator[tuple[Node, str]]:
    """``format`` alone takes lists of anything."""
    if node.form == "call" and node.name == "format":
        return
    if node.form in ("list", "map"):
        for parts in (node.parts,) if node.form == "list" else (node.parts[::2], node.parts[1::2]):
            yield from _alike(checked, parts)
    for below in node.below():
        yield from _aggregates(checked, below)


def _alike(checked: Checked, parts: tuple[Node, ...]) -> Iterator[tuple[Node, str]]:
    wanted: Kind | None = None
    for part in parts:
        kind = checked.type_of(part)
        kind = kind.parts[0] if kind.name == "optional_type" else kind
        if wanted is None or wanted == DYN:
            wanted = kind
        elif kind not in (wanted, DYN):
            yield part, f"expected type '{shown(wanted)}' but found '{shown(kind)}'"
            return
