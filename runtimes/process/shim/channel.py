"""One request to the launcher and its answers: JSON lines over a socket pair, with file descriptors beside them.

Both sides use it; a channel belongs to one thread at a time on each side.
"""

from __future__ import annotations

import json
import socket


class ChannelClosed(Exception):
    """The other side has gone."""


class Channel:
    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._buffer = b""
        self._fds: list[int] = []

    def send(self, message: dict[str, object], fds: tuple[int, ...] = ()) -> None:
        """Raises `ChannelClosed` where nobody is there to read."""
        data = json.dumps(message).encode() + b"\n"
        try:
            sent = socket.send_fds(self.socket, [data], fds) if fds else 0
            if sent < len(data):
                self.socket.sendall(data[sent:])
        except OSError as exc:
            raise ChannelClosed(str(exc)) from exc

    def receive(self) -> dict[str, object]:
        """The next message. Raises `ChannelClosed` at the end, `TimeoutError` after the socket's timeout."""
        while b"\n" not in self._buffer:
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, 65536, 8)
            except TimeoutError:
                raise
            except OSError as exc:
                raise ChannelClosed(str(exc)) from exc
            if not data:
                raise ChannelClosed("the other side has ended")
            self._buffer += data
            self._fds += fds
        line, _, self._buffer = self._buffer.partition(b"\n")
        message = json.loads(line)
        assert isinstance(message, dict)
        return message

    def take_fds(self) -> list[int]:
        """What came along since the last call."""
        fds, self._fds = self._fds, []
        return fds

    def close(self) -> None:
        self.socket.close()
