"""Reading a container's log back (what `sampan.runtimes.process.shim.log_writer` writes), rotated parts included."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import LogOptions
from sampan.runtimes.process.inotify import FolderWatch


@frozen
class Line:
    """A whole line, its parts joined; ``text`` is without newline only where it has none yet."""

    time: bytes
    stream: bytes
    text: bytes

    def at(self) -> datetime:
        seconds, _, nanos = self.time.rstrip(b"Z").partition(b".")
        moment = datetime.strptime(seconds.decode(), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        return moment.replace(microsecond=int(nanos[:6] or b"0"))


class Joiner:
    """Entries in, lines out: the parts of one line have the time of the first."""

    def __init__(self) -> None:
        self._parts: dict[bytes, tuple[bytes, bytes]] = {}

    def lines(self, entries: Iterable[bytes]) -> Iterator[Line]:
        for entry in entries:
            fields = entry.rstrip(b"\n").split(b" ", 3)
            if len(fields) < 4:
                continue  # the writer was killed in the middle of it
            time, stream, tag, text = fields
            first, before = self._parts.pop(stream, (time, b""))
            if tag == b"P":
                self._parts[stream] = (first, before + text)
            else:
                yield Line(first, stream, before + text + b"\n")

    def __len__(self) -> int:
        """How many have begun and have no end yet."""
        return len(self._parts)

    def rest(self) -> Iterator[Line]:
        """What has no newline at the end."""
        yield from (Line(first, stream, text) for stream, (first, text) in self._parts.items())
        self._parts.clear()


class LogReader(Iterator[bytes]):
    """What `Runtime.logs` returns. `close` may be called from another thread, and ends a reader that waits."""

    def __init__(self, folder: Path, options: LogOptions) -> None:
        self._folder = folder
        self._options = options
        self._watch = FolderWatch(folder) if options.follow else None
        self._lines = self._read()

    def __iter__(self) -> LogReader:
        return self

    def __next__(self) -> bytes:
        return next(self._lines)

    def close(self) -> None:
        """Idempotent."""
        if self._watch is not None:
            self._watch.stop()

    def _read(self) -> Iterator[bytes]:
        joiner = Joiner()
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(file) for file in open_files(self._folder)]
            found = chain.from_iterable(map(joiner.lines, files))
            if self._watch is None:
                found = chain(found, joiner.rest())
            lines = filter(self._wanted, found)
            if self._options.tail_lines is None:
                yield from map(self._shown, lines)
            else:
                tail = deque(lines, maxlen=self._options.tail_lines)
                too_many = len(tail) + len(joiner) - self._options.tail_lines
                yield from map(self._shown, islice(tail, max(too_many, 0), None))
            current = stack.pop_all() if files else contextlib.ExitStack()
        with current:
            if self._watch is not None:
                yield from self._follow(files[-1] if files else None, joiner)

    def _follow(self, file: BinaryIO | None, joiner: Joiner) -> Iterator[bytes]:
        """New lines, from one file to the next as the writer rotates, until the container has ended."""
        assert self._watch is not None
        path, rest = self._folder / "log", b""
        while True:
            has_ended = (self._folder / "exit.json").exists()
            if file is None and path.exists():
                file = path.open("rb")
            while file is not None:
                *entries, rest = (rest + file.read()).split(b"\n")
                yield from (self._shown(line) for line in joiner.lines(entries) if self._wanted(line))
                if not _is_rotated(file, path):
                    break
                if not (remaining := file.read()):
                    file.close()
                    file, rest = path.open("rb"), b""
                rest += remaining
            if has_ended or not self._watch.wait() or not self._folder.exists():
                if file is not None:
                    file.close()
                yield from map(self._shown, filter(self._wanted, joiner.rest()))
                return

    def _wanted(self, line: Line) -> bool:
        if self._options.stream != "All" and line.stream.decode() != self._options.stream.lower():
            return False
        return self._options.since is None or line.at() >= self._options.since

    def _shown(self, line: Line) -> bytes:
        head = line.time + b" " if self._options.timestamps else b""
        return head + line.text


def open_files(folder: Path) -> list[BinaryIO]:
    """The log's files, the oldest first."""
    rotated = sorted(folder.glob("log.*"), key=lambda path: -int(path.suffix[1:]))
    files: list[BinaryIO] = []
    for path in [*rotated, folder / "log"]:
        with contextlib.suppress(FileNotFoundError):
            files.append(path.open("rb"))
    return files


def _is_rotated(file: BinaryIO, path: Path) -> bool:
    try:
        return not os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
