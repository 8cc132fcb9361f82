"""A container's log from an engine: its lines byte for byte. Blocking; any thread.

Engines keep a line that is longer than their buffer (Docker: 16 KiB, Podman: 8 KiB) in several entries, of which only the
last ends in a newline. Each has a time of its own where times are asked for, and counts for itself where a tail is. Between
the entries of one line there may be some of the other stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice

from sampan.core.contracts.runtime import LogOptions
from sampan.runtimes.engine.answers import Answer
from sampan.runtimes.engine.api import EngineApi
from sampan.runtimes.engine.lines import LogLines, whole_lines
from sampan.runtimes.engine.streams import frames

LEAST_BUFFER = 8192
"""Bytes below which no engine cuts a line."""
MARGIN = 64
"""Entries that are asked for beyond a tail, so that it does not begin within a line unseen."""

Entry = tuple[str, bytes]
"""Stream, and a line or a part of one."""


class EngineLogs:
    def __init__(self, api: EngineApi) -> None:
        self._api = api

    def read(self, container_id: str, options: LogOptions, *, tty: bool) -> LogLines:
        count = options.tail_lines
        if count is None or count == 0:
            tail = "all" if count is None else 0
            answer = self._ask(container_id, options, tail, follow=options.follow)
            return LogLines(lines(entries(answer, tty=tty), stamped=options.timestamps), answer.close)
        tail = count + MARGIN
        past = self._past(container_id, options, tail, tty=tty)
        if self.has_parts(container_id, past):
            tail = "all"
            past = self._past(container_id, options, tail, tty=tty)
        if not options.follow:
            return LogLines(iter(deque(lines(past, stamped=options.timestamps), count)), lambda: None)
        answer = self._ask(container_id, options, "all" if tail == "all" else len(past), follow=True)
        coming = entries(answer, tty=tty)
        return LogLines(_from_tail(coming, len(past), count, stamped=options.timestamps), answer.close)

    def has_parts(self, container_id: str, found: list[Entry]) -> bool:
        """Whether there may be parts of lines in a tail. What is short and last is what has no newline yet."""
        cut = any(not data.endswith(b"\n") for _, data in found[:-1])
        return cut or any(len(data) >= LEAST_BUFFER for _, data in found)

    def _past(self, container_id: str, options: LogOptions, tail: int | str, *, tty: bool) -> list[Entry]:
        """All that is there now."""
        with closing(self._ask(container_id, options, tail, follow=False)) as answer:
            return list(entries(answer, tty=tty))

    def _ask(self, container_id: str, options: LogOptions, tail: int | str, *, follow: bool) -> Answer:
        params: dict[str, str | int | bool] = {
            "stdout": options.stream in ("All", "Stdout"),
            "stderr": options.stream in ("All", "Stderr"),
            "follow": follow,
            "timestamps": options.timestamps,
            "tail": tail,
        }
        if options.since:
            params["since"] = f"{options.since.timestamp():.6f}"
        return self._api.open("GET", f"/containers/{container_id}/logs", params=params)


class Joiner:
    """Entries in, lines out. ``stamped``: each entry begins with its time, of which a line has the first alone."""

    def __init__(self, *, stamped: bool) -> None:
        self._stamped = stamped
        self._parts: dict[str, list[bytes]] = {}

    def add(self, entry: Entry) -> Iterator[bytes]:
        stream, data = entry
        before = self._parts.get(stream)
        if before is None:
            if data.endswith(b"\n"):
                yield data
            else:
                self._parts[stream] = [data]
            return
        before.append(data.partition(b" ")[2] if self._stamped else data)
        if data.endswith(b"\n"):
            yield b"".join(self._parts.pop(stream))

    def __len__(self) -> int:
        """How many have begun and have no end yet."""
        return len(self._parts)

    def rest(self) -> Iterator[bytes]:
        """What has no newline at the end."""
        yield from (b"".join(parts) for parts in self._parts.values())
        self._parts.clear()


def lines(found: Iterable[Entry], *, stamped: bool) -> Iterator[bytes]:
    joiner = Joiner(stamped=stamped)
    for entry in found:
        yield from joiner.add(entry)
    yield from joiner.rest()


def _from_tail(coming: Iterator[Entry], past: int, count: int, *, stamped: bool) -> Iterator[bytes]:
    """The last ``count`` lines of the first ``past`` entries, and all that follows."""
    joiner = Joiner(stamped=stamped)
    tail = deque((line for entry in islice(coming, past) for line in joiner.add(entry)), count)
    yield from islice(tail, max(len(tail) + len(joiner) - count, 0), None)
    for entry in coming:
        yield from joiner.add(entry)
    yield from joiner.rest()


def entries(answer: Answer, *, tty: bool) -> Iterator[Entry]:
    """With a terminal there is one stream, whose entries come without bounds."""
    if not tty:
        return frames(answer.read)
    return (("stdout", line) for line in whole_lines(answer.pieces()))
