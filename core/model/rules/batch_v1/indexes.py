"""Sets of numbers as Jobs write them: ``1,3-5``."""

from __future__ import annotations

import re


def intervals(text: str, completions: int) -> list[tuple[int, int]]:
    """The ranges of a text, each with its ends.

    Raises `ValueError` with what is wrong: indexes ascend, and all are below ``completions``.
    """
    found: list[tuple[int, int]] = []
    for part in text.split(",") if text else ():
        first, last = _interval(part, completions)
        if found:
            _ascending(found[-1][1], first)
        found.append((first, last))
    return found


def count_indexes(text: str, completions: int) -> int:
    """How many indexes a text names. Raises as `intervals`."""
    return sum(last - first + 1 for first, last in intervals(text, completions))


def overlap(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> int | None:
    """The lowest index that two sets share."""
    shared = [max(a, c) for a, b in left for c, d in right if a <= d and c <= b]
    return min(shared, default=None)


def _interval(text: str, completions: int) -> tuple[int, int]:
    limits = text.split("-")
    if len(limits) > 2:
        rule = "an index interval can have at most two parts separated by '-'"
        raise ValueError(f'the fragment "{text}" violates the requirement that {rule}')
    first = _index(limits[0], completions)
    if len(limits) == 1:
        return first, first
    last = _index(limits[1], completions)
    _ascending(first, last)
    return first, last


def _index(text: str, completions: int) -> int:
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ValueError(f'cannot convert string to integer for index: "{text}"')
    if int(text) >= completions:
        raise ValueError(f'too large index: "{text}"')
    return int(text)


def _ascending(previous: int, current: int) -> None:
    if current <= previous:
        raise ValueError(f"non-increasing order, previous: {previous}, current: {current}")
