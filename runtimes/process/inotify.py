"""Waiting for a folder's files to change, or for a stop: the kernel's inotify, by ctypes."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from sampan.core.host.polling import readable

IN_MODIFY = 0x2
IN_CREATE = 0x100
IN_MOVED_TO = 0x80
IN_DELETE_SELF = 0x400


class FolderWatch:
    """`wait` is for one thread, `stop` for any."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF
        if libc.inotify_add_watch(self._fd, os.fsencode(folder), mask) < 0:
            number = ctypes.get_errno()
            os.close(self._fd)
            raise OSError(number, os.strerror(number), str(folder))
        self._stopping, self._stop = os.pipe2(os.O_CLOEXEC)
        self._stopped = False

    def wait(self) -> bool:
        """Sleep until something has changed since the last call; ``False``: stopped."""
        ready = readable([self._fd, self._stopping])
        if self._stopping in ready:
            return False
        os.read(self._fd, 65536)
        return True

    def stop(self) -> None:
        """Idempotent."""
        if not self._stopped:
            self._stopped = True
            os.close(self._stop)

    def __del__(self) -> None:
        if hasattr(self, "_stopped"):
            self.stop()
            os.close(self._stopping)
            os.close(self._fd)
