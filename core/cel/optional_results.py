"""Functions with optional results, which the library lets nobody write: ours give lists of one item or none.

An expression is made to take the first that there may be. What is said of mistakes is said of it as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sampan.core.cel.checked import Node
from sampan.core.cel.tokens import tokens_of

TAKEN: Final = "[?0]"
_FUNCTIONS: Final = re.compile(r"(^format\.named$)|((^|\.)validate$)")
_MISTAKE: Final = re.compile(r"(?m)^ERROR: <input>:(\d+):(\d+): (.*)\n \| .*\n \| \.*\^")


def with_optional_results(source: str) -> tuple[str, Sequence[int]]:
    """The expression as the library takes it, and where in it something was put."""
    if "validate" not in source and "format.named" not in source:
        return source, ()
    written, places, at = "", [], 0
    opened: list[bool] = []
    """For each open bracket, whether it is that of such a call."""
    before = ""
    for kind, text in tokens_of(source):
        at += len(text)
        written += text
        if kind == "other" and text in "([{":
            opened.append(text == "(" and bool(_FUNCTIONS.search(before)))
        elif kind == "other" and text in ")]}" and opened and opened.pop():
            places.append(at)
            written += TAKEN
            at += len(TAKEN)
        before = text.replace(" ", "") if kind == "name" else before if kind == "space" else ""
    return written, places


def is_taken(node: Node) -> bool:
    """Whether a part of an expression is what was put there."""
    return (
        node.form == "call"
        and node.name == "_[?_]"
        and node.parts[0].form == "call"
        and bool(_FUNCTIONS.search(node.parts[0].name))
    )


def as_written(words: str, source: str, places: Sequence[int]) -> str:
    """A message about the expression as the library took it, with places and lines of the one that was written."""
    if not places:
        return words
    taken = source
    for place in places:
        taken = taken[:place] + TAKEN + taken[place:]

    def moved(found: re.Match[str]) -> str:
        lines = taken.split("\n")
        at = sum(len(line) + 1 for line in lines[: int(found[1]) - 1]) + int(found[2]) - 1
        return mistake(source, at - sum(len(TAKEN) for place in places if place < at), found[3])

    return _MISTAKE.sub(moved, words)


def mistake(source: str, at: int, words: str) -> str:
    """As the checker shows one: the place, the line, and a mark below it."""
    line = source.count("\n", 0, max(at, 0))
    column = at - (source.rfind("\n", 0, max(at, 0)) + 1)
    return f"ERROR: <input>:{line + 1}:{column + 1}: {words}\n | {source.split(chr(10))[line]}\n | {'.' * column}^"
