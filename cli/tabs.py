"""Align text by tabs, each column as wide as its widest cell among lines next to each other.

The rules are those of Go's ``text/tabwriter``, with which kubectl prints tables and descriptions: a column is a run of
lines that have a tab after that cell; the last cell of a line belongs to no column. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence


def align(text: str, *, padding: int = 2, minimum: int = 0) -> str:
    """``text`` with spaces for tabs. ``padding`` spaces follow the widest cell, no column is below ``minimum`` wide."""
    lines = [line.split("\t") for line in text.split("\n")]
    out: list[str] = []
    _format(lines, 0, len(lines), [], padding, minimum, out)
    return "\n".join(out)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as kubectl prints them: three spaces between columns, none narrower than six."""
    return align("".join("\t".join(row) + "\n" for row in rows), padding=3, minimum=6)


def _format(
    lines: list[list[str]], start: int, end: int, widths: list[int], padding: int, minimum: int, out: list[str]
) -> None:
    column = len(widths)
    at = start
    while at < end:
        if column >= len(lines[at]) - 1:
            out.append(_line(lines[at], widths))
            at += 1
            continue
        block = at
        width = minimum
        while block < end and column < len(lines[block]) - 1:
            width = max(width, len(lines[block][column]) + padding)
            block += 1
        _format(lines, at, block, [*widths, width], padding, minimum, out)
        at = block


def _line(cells: list[str], widths: list[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells[:-1], widths, strict=False)]
    return "".join(padded) + cells[-1]
