"""A container's log in the CRI format: ``2016-10-06T00:17:09.669794202Z stdout F The content of the log entry 1``.

Lines longer than 16 KiB are written in parts marked ``P``. The file is bounded: at ``max_bytes`` it becomes ``log.1``
(that one ``log.2`` …), of which ``max_files`` are kept in all.
"""

from __future__ import annotations

import os
import time

LINE_BYTES = 16 * 1024


def timestamp(nanos: int) -> bytes:
    seconds, rest = divmod(nanos, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)).encode() + b".%09dZ" % rest


class LogWriter:
    """Written by the supervisor alone."""

    def __init__(self, path: str, max_bytes: int, max_files: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._rest = {b"stdout": b"", b"stderr": b""}
        self._fd, self._size = self._open()

    def write(self, stream: bytes, data: bytes) -> None:
        """Log the whole lines that there are now; an unfinished one waits for its end."""
        data = self._rest[stream] + data
        head = timestamp(time.time_ns()) + b" " + stream
        entries = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            while len(line) > LINE_BYTES:
                entries.append(head + b" P " + line[:LINE_BYTES])
                line = line[LINE_BYTES:]
            entries.append(head + b" F " + line)
        while len(rest) > LINE_BYTES:
            entries.append(head + b" P " + rest[:LINE_BYTES])
            rest = rest[LINE_BYTES:]
        self._rest[stream] = rest
        if entries:
            self._append(b"\n".join(entries) + b"\n")

    def close(self) -> None:
        """Log what has no newline, as the part of a line that it is."""
        for stream, rest in self._rest.items():
            if rest:
                self._append(timestamp(time.time_ns()) + b" " + stream + b" P " + rest + b"\n")
        os.close(self._fd)

    def _append(self, data: bytes) -> None:
        if self._size and self._size + len(data) > self._max_bytes:
            self._rotate()
        try:
            os.write(self._fd, data)
        except OSError:
            return  # a full disk must not end the container: its output is lost until there is room
        self._size += len(data)

    def _rotate(self) -> None:
        """Where that fails (a full disk) the old file is gone on with, and the next write tries again."""
        try:
            if os.path.exists(self._path):  # else an earlier try has moved them all, and failed at the new file
                self._move_older()
            fd, size = self._open()
        except OSError:
            return
        os.close(self._fd)
        self._fd, self._size = fd, size

    def _move_older(self) -> None:
        for number in range(self._max_files - 1, 0, -1):
            older = f"{self._path}.{number - 1}" if number > 1 else self._path
            if os.path.exists(older):
                os.replace(older, f"{self._path}.{number}")

    def _open(self) -> tuple[int, int]:
        """The file that is written now, and its size."""
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return fd, os.fstat(fd).st_size
