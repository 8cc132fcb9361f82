"""Paths that cannot lead out of a folder, whatever somebody changes in it meanwhile.

A name that is checked and used later may stand for something else by then. Here each component is opened from the one
before without following links, links are followed by hand, and what comes out is a descriptor: what was checked is what is
used. Standard library only: the process runtime's shim imports it too.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

MOST_LINKS = 40
_COMPONENT = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class LeadsOut(Exception):
    """The path, or a link on it, leads out of the folder."""


def find(root: int, path: str, *, as_root: bool = False) -> tuple[int, list[str]]:
    """The deepest part of ``path`` that is there below the folder ``root``, and the names that are missing below it.

    A new ``O_PATH`` descriptor. ``as_root``: resolve as a process would whose root the folder is, so that absolute links
    begin there and ``..`` ends there; otherwise both raise `LeadsOut`. Raises `OSError` as opening the path would.
    """
    trail: list[int] = []
    pending = _parts(path, as_root)
    links = 0
    try:
        while pending:
            name = pending.pop()
            if name == "..":
                if trail:
                    os.close(trail.pop())
                elif not as_root:
                    raise LeadsOut(path)
                continue
            here = trail[-1] if trail else root
            try:
                fd = os.open(name, _COMPONENT, dir_fd=here)
            except FileNotFoundError:
                missing = [name, *reversed(pending)]
                if ".." in missing:
                    raise
                return os.dup(here), missing
            if not stat.S_ISLNK(os.fstat(fd).st_mode):
                trail.append(fd)
                continue
            target = _target(fd)
            links += 1
            if links > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            pending += _parts(target, as_root)
            if target.startswith("/"):
                _close(trail)
        return os.dup(trail[-1] if trail else root), []
    finally:
        _close(trail)


def open_existing(root: int, path: str, *, as_root: bool = False) -> int:
    """A descriptor (``O_PATH``) of what is there. Raises as `find`, and `FileNotFoundError`."""
    fd, missing = find(root, path, as_root=as_root)
    if missing:
        os.close(fd)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return fd


def open_or_make(root: int, path: str, mode: int) -> int:
    """The same, with missing folders made in this mode, whatever the umask."""
    here, missing = find(root, path)
    try:
        for name in missing:
            made = False
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=here)
                made = True
            below = os.open(name, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
            if made:
                os.fchmod(here, mode)
    except OSError:
        os.close(here)
        raise
    return here


def _parts(path: str, as_root: bool) -> list[str]:
    """The last first."""
    if path.startswith("/") and not as_root:
        raise LeadsOut(path)
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _target(link: int) -> str:
    try:
        return os.readlink("", dir_fd=link)
    finally:
        os.close(link)


def _close(fds: list[int]) -> None:
    while fds:
        os.close(fds.pop())
