"""Bind mounts, and mount points where there are none: made in the tree if it can be written, else in a mirror of it."""

from __future__ import annotations

import os
import stat

from sampan.runtimes.process.shim import kernel

_KEPT = (
    (os.ST_NOSUID, kernel.MS_NOSUID),
    (os.ST_NODEV, kernel.MS_NODEV),
    (os.ST_NOEXEC, kernel.MS_NOEXEC),
    (os.ST_NOATIME, kernel.MS_NOATIME),
    (os.ST_NODIRATIME, kernel.MS_NODIRATIME),
    (os.ST_RELATIME, kernel.MS_RELATIME),
)


def bind(source: str, target: str, *, read_only: bool = False, propagate: bool = False) -> None:
    """With what is mounted below (a user namespace may not uncover what the host has covered)."""
    kernel.mount(source, target, flags=kernel.MS_BIND | kernel.MS_REC)
    if not propagate:
        kernel.mount("none", target, flags=kernel.MS_PRIVATE | kernel.MS_REC)
    if read_only:
        remount_read_only(target)


def remount_read_only(target: str) -> None:
    """Keeping the other flags: a user namespace may add restrictions, not take them away."""
    have = os.statvfs(target).f_flag
    kept = sum(flag for seen, flag in _KEPT if have & seen)
    kernel.mount("none", target, flags=kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kept)


def make_mount_point(path: str, *, folder: bool, replace_link: bool = False) -> None:
    """Let ``path`` be there to mount on, as a folder or as a file. Links are followed unless ``replace_link``."""
    if replace_link and os.path.islink(path):
        _remove_link(path)
    missing = []
    while not os.path.exists(path):
        if os.path.islink(path):
            path = os.path.join(os.path.dirname(path), os.readlink(path))
            continue
        missing.append(path)
        path = os.path.dirname(path)
    for index, part in enumerate(reversed(missing)):
        is_last = index == len(missing) - 1
        _make(part, folder=folder or not is_last)


def _make(path: str, *, folder: bool) -> None:
    try:
        _create(path, folder=folder)
    except OSError:
        mirror(os.path.dirname(path))
        _create(path, folder=folder)


def _create(path: str, *, folder: bool) -> None:
    if folder:
        os.mkdir(path, 0o755)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o644))


def _remove_link(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        mirror(os.path.dirname(path), without=os.path.basename(path))


def mirror(folder: str, without: str = "") -> None:
    """Put a writable look-alike over a folder that cannot be written: a tmpfs with every entry bound into it."""
    while True:
        staging = f"/.mirror-{os.urandom(4).hex()}"
        try:
            os.mkdir(staging)
            break
        except FileExistsError:
            continue
    mode = stat.S_IMODE(os.stat(folder).st_mode)
    kernel.mount("tmpfs", staging, "tmpfs", 0, f"mode={mode:o}")
    for entry in os.scandir(folder):
        if entry.name != without:
            _show(entry, os.path.join(staging, entry.name))
    kernel.mount(staging, folder, flags=kernel.MS_MOVE)
    os.rmdir(staging)


def _show(entry: os.DirEntry[str], target: str) -> None:
    if entry.is_symlink():
        os.symlink(os.readlink(entry.path), target)
        return
    _create(target, folder=entry.is_dir())
    try:
        kernel.mount(entry.path, target, flags=kernel.MS_BIND | kernel.MS_REC)
    except OSError:
        return  # an entry that may not be seen stays an empty one
