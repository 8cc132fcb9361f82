"""Records as they were read last: a look at a file's times costs a hundredth of reading it.

Records are replaced whole (`sampan.runtimes.process.shim.records.write`), so another file means another inode. What is
returned is shared: nobody changes it. Any thread.
"""

from __future__ import annotations

import os
from typing import Any

from sampan.runtimes.process.shim import records

Stamp = tuple[int, int, int]


class Recorded:
    def __init__(self) -> None:
        self._known: dict[str, dict[str, tuple[Stamp, dict[str, Any] | None]]] = {}
        """By folder, then by file."""

    def read(self, path: str) -> dict[str, Any] | None:
        """As `records.read`."""
        try:
            about = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        stamp = (about.st_ino, about.st_mtime_ns, about.st_size)
        folder, name = os.path.split(path)
        files = self._known.setdefault(folder, {})
        known = files.get(name)
        if known is None or known[0] != stamp:
            # Read after the look: at worst a newer record goes by the older stamp, and is read again.
            known = files[name] = (stamp, records.read(path))
        return known[1]

    def forget(self, folder: str) -> None:
        """What was read in it: it is gone."""
        self._known.pop(folder, None)
