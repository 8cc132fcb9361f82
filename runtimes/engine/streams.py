"""Engine streams: the framing that Docker and Podman share for attached processes, as a runtime `Stream`.

Without a terminal each piece has an eight-byte head: which stream, and how long. With one the bytes come as they are.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

from sampan.runtimes.engine.answers import CHUNK

StreamName = Literal["stdout", "stderr"]
_NAMES: dict[int, StreamName] = {1: "stdout", 2: "stderr"}
HEAD_SIZE = 8


class Channel(Protocol):
    """Bytes in both directions."""

    def read(self) -> bytes: ...

    def write(self, data: bytes) -> None: ...

    def end_writing(self) -> None: ...

    def close(self) -> None: ...


class ChannelStream:
    """What is at the other end of a channel. See `sampan.core.contracts.runtime.Stream`."""

    def __init__(
        self,
        channel: Channel,
        *,
        framed: bool,
        resize: Callable[[int, int], None] = lambda _width, _height: None,
        exit_code: Callable[[], int] = lambda: 0,
    ) -> None:
        self._channel = channel
        self._pieces = frames(channel.read) if framed else unframed(channel.read)
        self._resize = resize
        self._exit_code = exit_code

    def read(self) -> tuple[StreamName, bytes] | None:
        return next(self._pieces, None)

    def write(self, data: bytes) -> None:
        self._channel.write(data)

    def close_stdin(self) -> None:
        self._channel.end_writing()

    def resize(self, width: int, height: int) -> None:
        self._resize(width, height)

    def exit_code(self) -> int:
        return self._exit_code()

    def close(self) -> None:
        self._channel.close()


class Connection:
    """A plain connection as a channel: a forwarded port."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.settimeout(None)

    def read(self) -> bytes:
        try:
            return self._connection.recv(CHUNK)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._connection.sendall(data)

    def end_writing(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


def frames(read: Callable[[], bytes]) -> Iterator[tuple[StreamName, bytes]]:
    """The pieces of both streams, however the bytes are cut. A frame that is cut off by the end is passed on as it is."""
    buffer = bytearray()

    def take(size: int) -> bytes:
        while len(buffer) < size and (piece := read()):
            buffer.extend(piece)
        taken = bytes(buffer[:size])
        del buffer[:size]
        return taken

    while len(head := take(HEAD_SIZE)) == HEAD_SIZE:
        number, size = struct.unpack(">BxxxL", head)
        if data := take(size):
            yield _NAMES.get(number, "stdout"), data


def unframed(read: Callable[[], bytes]) -> Iterator[tuple[StreamName, bytes]]:
    while data := read():
        yield "stdout", data
