"""Engine streams: the framing that Docker and Podman share for attached processes, as a runtime `Stream`.

Without a terminal each piece has an eight-byte head: which stream, and how long. With one the bytes come as they are.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Literal

StreamName = Literal["stdout", "stderr"]
_NAMES: dict[int, StreamName] = {1: "stdout", 2: "stderr"}
CHUNK = 65536


class SocketStream:
    """A process behind a hijacked connection. See `sampan.core.contracts.runtime.Stream`."""

    def __init__(
        self,
        connection: socket.socket,
        *,
        tty: bool,
        early: bytes = b"",
        resize: Callable[[int, int], None] = lambda _width, _height: None,
        exit_code: Callable[[], int] = lambda: 0,
        keep: object = None,
    ) -> None:
        """``early`` is what was read with the HTTP answer's head; ``keep`` is held as long as this is."""
        self._connection = connection
        self._tty = tty
        self._buffer = early
        self._resize = resize
        self._exit_code = exit_code
        self._keep = keep
        connection.settimeout(None)

    def read(self) -> tuple[StreamName, bytes] | None:
        if self._tty:
            data = self._some()
            return ("stdout", data) if data else None
        head = self._exactly(8)
        if len(head) < 8:
            return None
        number, size = struct.unpack(">BxxxL", head)
        data = self._exactly(size)
        return (_NAMES.get(number, "stdout"), data) if data or not size else None

    def write(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the process has ended: its exit code tells
            self._connection.sendall(data)

    def close_stdin(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def resize(self, width: int, height: int) -> None:
        self._resize(width, height)

    def exit_code(self) -> int:
        return self._exit_code()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _some(self) -> bytes:
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        try:
            return self._connection.recv(CHUNK)
        except (ConnectionResetError, OSError):
            return b""

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._some()
            if not piece:
                break
            data += piece
        self._buffer = data[size:] + self._buffer
        return data[:size]


class RawStream(SocketStream):
    """A plain connection, as a port-forward is."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection, tty=True)
