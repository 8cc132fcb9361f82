"""A connection to a port inside a pod, made there: what listens on the pod's localhost alone is reached too."""

from __future__ import annotations

import contextlib
import socket

from sampan.core.contracts.runtime import Sandbox
from sampan.runtimes.process import launcher
from sampan.runtimes.process.exec import Piece
from sampan.runtimes.process.sandboxes import Sandboxes


class PortStream:
    """One TCP connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def read(self) -> Piece | None:
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        return ("stdout", data) if data else None

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # closed by the pod: `read` says so
            self._socket.sendall(data)

    def close_stdin(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def resize(self, width: int, height: int) -> None:
        """A connection has no size."""

    def exit_code(self) -> int:
        return 0

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def connect(sandboxes: Sandboxes, launch: launcher.Launcher, sandbox: Sandbox, port: int) -> PortStream:
    """Raises `RuntimeFailure` where nobody listens, `NotFound` where there is no such sandbox."""
    channel = launch.open("connect", {"pid": sandboxes.view(sandbox.id).pid, "port": port})
    try:
        launcher.answer(channel)
        (fd,) = channel.take_fds()
    finally:
        channel.close()
    return PortStream(socket.socket(fileno=fd))
