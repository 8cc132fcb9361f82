"""What happens to pods, as it happens: supervisors and the runtime's own calls write lines to a FIFO, `events` reads them.

Nobody polls: a reader sleeps in the kernel until a line comes or the runtime is closed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

from sampan.core.contracts.runtime import RuntimeEvent
from sampan.core.host.polling import readable

EventType = Literal["started", "exited", "removed"]


class EventPipe:
    """Opened by `start`; `read` is for one thread, the rest for any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self._closing, self._close = os.pipe2(os.O_CLOEXEC)
        self._closed = False

    def start(self) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(self._path, 0o600)
        if self._fd is None:
            # Also for writing: so it has no end when a supervisor closes it.
            self._fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def tell(self, uid: str, kind: EventType) -> None:
        fd = self._fd
        if fd is not None and not self._closed:
            with contextlib.suppress(BlockingIOError):  # there is plenty to read already
                os.write(fd, f"{kind} {uid}\n".encode())

    def read(self) -> Iterator[RuntimeEvent]:
        """Until `close`."""
        fd, rest = self._fd, b""
        if fd is None or self._closed:
            return
        while True:
            ready = readable([fd, self._closing])
            if self._closing in ready:
                return
            with contextlib.suppress(BlockingIOError):
                *lines, rest = (rest + os.read(fd, 65536)).split(b"\n")
                for line in lines:
                    kind, _, uid = line.decode().partition(" ")
                    yield RuntimeEvent(uid=uid, type=cast(EventType, kind))

    def close(self) -> None:
        """Idempotent. The descriptors go with this object: a reader may still be using them."""
        if not self._closed:
            self._closed = True
            os.close(self._close)

    def __del__(self) -> None:
        self.close()
        os.close(self._closing)
        if self._fd is not None:
            os.close(self._fd)
