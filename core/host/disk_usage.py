"""What files take on disk: of a volume, or of what a container has written."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

BLOCK = 512
"""Bytes of the unit in which the kernel counts a file's space."""


def disk_usage(directory: Path) -> int:
    """Bytes on disk at and below ``directory``, without following links; what vanishes meanwhile counts nothing.

    A file with several names counts once, as the kernel counts it.
    """
    total = 0
    seen: set[int] = set()
    with suppress(FileNotFoundError):
        for _, folders, files, folder in os.fwalk(directory, follow_symlinks=False):
            for name in (*folders, *files):
                with suppress(OSError):
                    about = os.lstat(name, dir_fd=folder)
                    if about.st_nlink > 1 and name in files:
                        if about.st_ino in seen:
                            continue
                        seen.add(about.st_ino)
                    total += about.st_blocks * BLOCK
    return total
