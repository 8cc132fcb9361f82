"""A container's tree while it is built: mount points found or made in it, and things bound to them.

The host's root is still this process's root then, so no path of the container is ever given to the kernel by name: it is
resolved in the tree by descriptors (`sampan.core.host.beneath`), which neither links of the image nor those that pods leave
in volumes lead out of. What is mounted is made ready on a stage beside the tree, with all its restrictions, and then moved.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from sampan.core.host import beneath, mount
from sampan.core.host.mount import opened

_KEPT = (
    (os.ST_NOSUID, mount.MS_NOSUID),
    (os.ST_NODEV, mount.MS_NODEV),
    (os.ST_NOEXEC, mount.MS_NOEXEC),
    (os.ST_NOATIME, mount.MS_NOATIME),
    (os.ST_NODIRATIME, mount.MS_NODIRATIME),
    (os.ST_RELATIME, mount.MS_RELATIME),
    (os.ST_RDONLY, mount.MS_RDONLY),
)


class Tree:
    def __init__(self, root: str, directory: str, *, devices: bool) -> None:
        """``root`` is mounted; stages lie in ``directory``. ``devices``: device files in what is bound may be opened."""
        self.root = root
        self._fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._directory = directory
        self._devices = devices

    def mount_point(self, path: str, *, folder: bool, replace_link: bool = False) -> int:
        """What ``path`` is in the tree, to mount on: made as a folder or as a file where it is missing.

        Links are followed, the last one not where ``replace_link``: then it makes room. Returns a descriptor.
        """
        if replace_link:
            self._remove_link(path)
        here, missing = beneath.find(self._fd, path, as_root=True)
        for position, name in enumerate(missing, 1):
            here = self._make(here, name, folder=folder or position < len(missing))
        return here

    def new(self, kind: str, path: str, flags: int, options: str = "") -> None:
        """A file system of its own, in place of a link too."""
        point = self.mount_point(path, folder=True, replace_link=True)
        mount.mount(kind, opened(point), kind, flags, options)
        os.close(point)

    def bind(
        self,
        source: int,
        path: str,
        *,
        read_only: bool = False,
        propagate: bool = False,
        replace_link: bool = False,
        devices: bool | None = None,
    ) -> None:
        """Show what is open as ``source`` at ``path``. ``propagate``: mounts made there later appear here too."""
        folder = stat.S_ISDIR(os.stat(opened(source)).st_mode)
        point = self.mount_point(path, folder=folder, replace_link=replace_link)
        stage = self._stage(folder=folder)
        bind(opened(source), stage, propagate=propagate)
        restrict(stage, read_only=read_only, no_devices=not (self._devices if devices is None else devices))
        self._move(stage, point)
        os.close(point)

    def mirror(self, here: int, without: str = "") -> int:
        """Put a writable look-alike over a folder that cannot be written: a tmpfs with every entry bound into it."""
        stage = self._stage(folder=True)
        mode = stat.S_IMODE(os.fstat(here).st_mode)
        mount.mount("tmpfs", stage, "tmpfs", 0 if self._devices else mount.MS_NODEV, f"mode={mode:o}")
        covering = os.open(stage, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in os.listdir(opened(here)):
            if name != without:
                _show(here, name, stage)
        self._move(stage, here)
        os.close(here)
        return covering

    def _make(self, here: int, name: str, *, folder: bool) -> int:
        try:
            _create(here, name, folder=folder)
        except FileExistsError:
            pass  # somebody was quicker; a link fails below
        except OSError:
            here = self.mirror(here)
            _create(here, name, folder=folder)
        kind = os.O_DIRECTORY if folder else 0
        below = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC | kind, dir_fd=here)
        os.close(here)
        if stat.S_ISLNK(os.fstat(below).st_mode):
            raise OSError(f"{name} has become a link while it was made")
        return below

    def _remove_link(self, path: str) -> None:
        parent, _, name = path.rstrip("/").rpartition("/")
        here, missing = beneath.find(self._fd, parent, as_root=True)
        try:
            if missing or not stat.S_ISLNK(os.lstat(name, dir_fd=here).st_mode):
                return
            try:
                os.unlink(name, dir_fd=here)
            except OSError:
                here = self.mirror(here, without=name)
        except FileNotFoundError:
            return
        finally:
            os.close(here)

    def _stage(self, *, folder: bool) -> str:
        """A place beside the tree that nobody else can change; empty again as soon as what is on it was moved."""
        stage = os.path.join(self._directory, "stage-folder" if folder else "stage-file")
        if folder:
            os.makedirs(stage, mode=0o700, exist_ok=True)
        else:
            os.close(os.open(stage, os.O_CREAT | os.O_CLOEXEC, 0o600))
        return stage

    def _move(self, stage: str, point: int) -> None:
        mount.mount(stage, opened(point), flags=mount.MS_MOVE)


def bind(source: str, target: str, *, propagate: bool = False) -> None:
    """With what is mounted below (a user namespace may not uncover what the host has covered)."""
    mount.mount(source, target, flags=mount.MS_BIND | mount.MS_REC)
    if not propagate:
        mount.mount("none", target, flags=mount.MS_PRIVATE | mount.MS_REC)


def restrict(target: str, *, read_only: bool = False, no_devices: bool = False) -> None:
    """Only ever adding to a mount's restrictions. Devices are shut off in all that is mounted below as well."""
    if no_devices:
        for point in mounts_below(target):
            _remount(point, mount.MS_NODEV)
    if read_only:
        _remount(target, mount.MS_RDONLY)


def mounts_below(target: str) -> list[str]:
    """Mount points at and below ``target``, parents first."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            point = unescaped(line.split()[4])
            if point == target or point.startswith(f"{target}/"):
                found.append(point)
    return sorted(set(found))


def unescaped(name: str) -> str:
    """A path as mountinfo writes it (space, tab, newline and backslash in octal)."""
    for code in ("\\040", "\\011", "\\012", "\\134"):
        name = name.replace(code, chr(int(code[1:], 8)))
    return name


def _remount(target: str, flags: int) -> None:
    have = os.statvfs(target).f_flag
    kept = sum(flag for seen, flag in _KEPT if have & seen)
    if kept & flags != flags:
        mount.mount("none", target, flags=mount.MS_REMOUNT | mount.MS_BIND | kept | flags)


def _create(here: int, name: str, *, folder: bool) -> None:
    if folder:
        os.mkdir(name, 0o755, dir_fd=here)
    else:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644, dir_fd=here))


def _show(here: int, name: str, stage: str) -> None:
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    try:
        mode = os.fstat(fd).st_mode
        target = os.path.join(stage, name)
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink("", dir_fd=fd), target)
            return
        if stat.S_ISDIR(mode):
            os.mkdir(target, 0o755)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_CLOEXEC, 0o644))
        _quietly(lambda: mount.mount(opened(fd), target, flags=mount.MS_BIND | mount.MS_REC))
    finally:
        os.close(fd)


def _quietly(act: Callable[[], None]) -> None:
    """An entry that may not be seen stays an empty one."""
    try:
        act()
    except OSError:
        return
