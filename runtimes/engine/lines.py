"""Log pieces to whole lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator


class LogLines:
    """The lines of a log. `close` may be called from any thread, also while another waits for the next line."""

    def __init__(self, lines: Iterator[bytes], close: Callable[[], None]) -> None:
        self._lines = lines
        self._close = close

    def __iter__(self) -> LogLines:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._lines)
        except StopIteration:
            self._close()
            raise

    def close(self) -> None:
        self._close()


def whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their newlines, however the pieces are cut; the last one even where it has none."""
    rest: list[bytes] = []
    for piece in pieces:
        head, *more = piece.split(b"\n")
        rest.append(head)
        for start in more:
            yield b"".join(rest) + b"\n"
            rest = [start]
    if last := b"".join(rest):
        yield last
