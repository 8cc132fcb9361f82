"""Write a folder's files so that readers see all of the old ones or all of the new ones, never a mixture.

The files lie in a folder with a time in its name; ``..data`` is a link to it, swapped by one rename; each file or
top-level folder is a link into ``..data``. Pods that follow the links see a change as one step. This is how Kubernetes
lays out configMap, secret, downwardAPI and projected volumes, and programs watch for it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sampan.core.classes import frozen

DATA = "..data"
NEXT = "..data_tmp"


@frozen
class FileContent:
    data: bytes
    mode: int
    """Permission bits."""


Files = Mapping[str, FileContent]
"""Relative path → content."""


def write_files(directory: Path, files: Files) -> bool:
    """Make ``directory`` hold exactly ``files``; returns whether anything changed. Idempotent."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    current = _current(directory)
    if current is not None and _holds(current, files):
        _link(directory, files)
        return False
    fresh = _write_fresh(directory, files)
    _swap(directory, fresh)
    _link(directory, files)
    for stale in directory.glob("..[0-9]*"):
        if stale.name != fresh.name:
            shutil.rmtree(stale, ignore_errors=True)
    return True


def _current(directory: Path) -> Path | None:
    data = directory / DATA
    return data.resolve() if data.is_symlink() and data.exists() else None


def _holds(current: Path, files: Files) -> bool:
    there = {str(path.relative_to(current)) for path in current.rglob("*") if path.is_file()}
    return there == set(files) and all((current / name).read_bytes() == content.data for name, content in files.items())


def _write_fresh(directory: Path, files: Files) -> Path:
    stamp = datetime.now(UTC).strftime("..%Y_%m_%d_%H_%M_%S.")
    fresh = Path(tempfile.mkdtemp(prefix=stamp, dir=directory))
    fresh.chmod(0o755)
    for name, content in files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content.data)
        path.chmod(content.mode)
    return fresh


def _swap(directory: Path, fresh: Path) -> None:
    following = directory / NEXT
    following.unlink(missing_ok=True)
    following.symlink_to(fresh.name)
    os.replace(following, directory / DATA)


def _link(directory: Path, files: Files) -> None:
    """A link for each top-level name; those of files that are gone go.

    What is no link of ours stays: a mount point, or the folder that a subPath without a file has made.
    """
    wanted = {name.partition("/")[0] for name in files}
    for name in wanted:
        with suppress(OSError):  # such a folder that is empty makes room for the file that has come
            (directory / name).rmdir()
        with suppress(FileExistsError):
            (directory / name).symlink_to(os.path.join(DATA, name))
    for entry in directory.iterdir():
        if not entry.name.startswith("..") and entry.name not in wanted and entry.is_symlink():
            entry.unlink(missing_ok=True)
