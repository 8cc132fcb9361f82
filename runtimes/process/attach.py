"""Attached to a container's own process: its output from now on, and its input, by way of its supervisor."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.runtimes.process.containers import Containers
from sampan.runtimes.process.exec import LOST_EXIT_CODE, Piece
from sampan.runtimes.process.shim import attached
from sampan.runtimes.process.shim.attached import Frames


class AttachStream:
    """`read` and `exit_code` are for one thread at a time, the rest for any."""

    def __init__(self, sock: socket.socket, *, stdin: bool) -> None:
        self._socket = sock
        self._stdin = stdin
        self._buffer = b""
        self._frames: list[tuple[int, bytes]] = []
        self._code: int | None = None
        self._reading = threading.Lock()
        self._writing = threading.Lock()

    def read(self) -> Piece | None:
        with self._reading:
            while self._code is None:
                kind, data = self._next()
                if kind == Frames.EXIT:
                    self._code = int(json.loads(data)["exit_code"]) if data else LOST_EXIT_CODE
                elif data:
                    return ("stdout" if kind == Frames.STDOUT else "stderr"), data
            return None

    def write(self, data: bytes) -> None:
        if self._stdin and data:
            self._send(Frames.STDIN, data)

    def close_stdin(self) -> None:
        if self._stdin:
            self._send(Frames.CLOSE_STDIN, b"")

    def resize(self, width: int, height: int) -> None:
        self._send(Frames.RESIZE, struct.pack("!HH", width, height))

    def exit_code(self) -> int:
        while self.read() is not None:
            pass
        assert self._code is not None
        return self._code

    def close(self) -> None:
        """Let go; the container goes on. Idempotent."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a reader
        self._socket.close()

    def _next(self) -> tuple[int, bytes]:
        while not self._frames:
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                return Frames.EXIT, b""
            self._frames, self._buffer = attached.split(self._buffer + data)
        return self._frames.pop(0)

    def _send(self, kind: int, data: bytes) -> None:
        with self._writing, contextlib.suppress(OSError):  # the container has ended: `read` says so
            self._socket.sendall(attached.frame(kind, data))


def open_attach(containers: Containers, container_id: str, *, stdin: bool) -> AttachStream:
    """Raises `NotFound`, or `RuntimeFailure` where the container does not run."""
    containers.running(container_id)
    folder, path = attached.address(str(containers.folder(container_id)))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(path)
    except OSError as exc:
        sock.close()
        raise RuntimeFailure(f"cannot attach to the container: {exc.strerror}") from exc
    finally:
        os.close(folder)
    return AttachStream(sock, stdin=stdin)
