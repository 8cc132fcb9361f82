"""Room that is kept back on the disk, so that a full one can be left by deleting.

A delete writes too: its own row, and the write-ahead log. A file beside the data file holds that room; it is given up when
the disk is full, and taken again as soon as it can be. Until then nothing is created. Used by the writer's thread.
"""

from __future__ import annotations

import os
from pathlib import Path

MOST_BYTES = 8 * 1024 * 1024
"""Twice the log's usual size before it is folded into the data file."""
SHARE_OF_FREE = 8
"""On a small disk, the part of what is free that is kept back."""


class Room:
    """`take` at start; ``is_given_up`` while there is none."""

    def __init__(self, data_file: Path) -> None:
        self._path = data_file.with_name(f"{data_file.name}.reserve")
        self._size = 0
        self.is_given_up = True

    def take(self) -> bool:
        """Keep room back, where as much is left for others; whether there is some now."""
        if self.is_given_up:
            self.is_given_up = not self._allocate()
        return not self.is_given_up

    def give_up(self) -> None:
        self.is_given_up = True
        try:
            os.truncate(self._path, 0)
        except OSError:
            self._path.unlink(missing_ok=True)

    def remove(self) -> None:
        """The store is closed: what is not open needs no reserve."""
        self._path.unlink(missing_ok=True)

    def _allocate(self) -> bool:
        try:
            space = os.statvfs(self._path.parent)
            free = space.f_bavail * space.f_frsize
            self._size = self._size or max(min(MOST_BYTES, free // SHARE_OF_FREE), space.f_frsize)
            if free < 2 * self._size:
                return False
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True
