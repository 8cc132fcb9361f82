"""Log pieces to whole lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their newlines, however the pieces are cut; the last one even where it has none."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest
