"""Those attached to a container: a Unix socket in its folder, over which pieces travel in frames (kind, length, bytes)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from collections.abc import Iterator

FRAME = struct.Struct("!BI")
MOST_PENDING = 8 * 1024 * 1024
"""A client that leaves more than this unread is let go: it must not stop the container."""


class Frames:
    """Kinds of frames. To the supervisor: STDIN, RESIZE (!HH width, height), CLOSE_STDIN. From it: the others."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    EXIT = 3
    RESIZE = 4
    CLOSE_STDIN = 5


def frame(kind: int, data: bytes) -> bytes:
    return FRAME.pack(kind, len(data)) + data


def split(buffer: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames in a buffer, and the rest."""
    found = []
    while len(buffer) >= FRAME.size:
        kind, length = FRAME.unpack_from(buffer)
        if len(buffer) < FRAME.size + length:
            break
        found.append((kind, buffer[FRAME.size : FRAME.size + length]))
        buffer = buffer[FRAME.size + length :]
    return found, buffer


def address(directory: str) -> tuple[int, str]:
    """(folder descriptor, socket path) for a container: through /proc, since socket paths must be short."""
    fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return fd, f"/proc/self/fd/{fd}/attach.sock"


class Listener:
    def __init__(self, directory: str) -> None:
        fd, path = address(directory)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.bind(path)
        os.chmod(path, 0o600)
        self.socket.listen(16)
        os.close(fd)
        self._path = os.path.join(directory, "attach.sock")

    def accept(self) -> socket.socket:
        return self.socket.accept()[0]

    def close(self) -> None:
        self.socket.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)


class AttachedClient(Frames):
    """One connection, on the supervisor's side. Never blocks."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.setblocking(False)
        self.pending = b""
        self.gone = False
        self.has_written = False
        self._buffer = b""

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """What has come in."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.gone = True
            return
        found, self._buffer = split(self._buffer + data)
        self.has_written = self.has_written or any(kind == self.STDIN for kind, _ in found)
        yield from found

    def output(self, stream: bytes, data: bytes) -> None:
        self.pending += frame(self.STDOUT if stream == b"stdout" else self.STDERR, data)
        self.flush()

    def flush(self) -> None:
        try:
            while self.pending:
                self.pending = self.pending[self.socket.send(self.pending) :]
        except BlockingIOError:
            self.gone = self.gone or len(self.pending) > MOST_PENDING
        except OSError:
            self.gone = True

    def finish(self, record: dict[str, object]) -> None:
        """The last words: how it ended."""
        self.pending += frame(self.EXIT, json.dumps(record).encode())
        with contextlib.suppress(OSError):
            self.socket.settimeout(2)
            self.socket.sendall(self.pending)
        self.socket.close()
