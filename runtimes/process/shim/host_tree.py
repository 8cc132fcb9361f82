"""The tree of image ``host``: the machine's own root file system, whose changes stay in the container.

As root one overlay covers the root file system and one each of the others; without root each top-level folder gets its
own, since the kernel gives no overlay of a tree with mounts in it. Where there is none, folders are bound read-only.
"""

from __future__ import annotations

import os
import stat

from sampan.runtimes.process.shim import kernel, mounting
from sampan.runtimes.process.shim.job import Job
from sampan.runtimes.process.shim.overlay import overlay

_NO_DISKS = (
    "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fuse.portal fusectl hugetlbfs mqueue"
    " nsfs overlay proc pstore ramfs rpc_pipefs securityfs squashfs sysfs tmpfs tracefs"
)
VIRTUAL = frozenset(_NO_DISKS.split())
OWN = ("proc", "sys", "dev", "run")
"""Top-level folders that a container has its own of."""
SCRATCH = ("/tmp", "/var/tmp")


def mount(job: Job, root: str, directory: str) -> None:
    upper = job["root"]["upper"]
    if job["user_namespace"] or not upper:
        _by_entries(root, directory, upper)
    else:
        overlay(root, "/", directory, "", upper)
        for index, point in enumerate(_other_file_systems()):
            _cover(point, root + point, directory, f"-{index}", upper)
    kernel.mount("tmpfs", f"{root}/run", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755")
    for path in job["root"]["masks"]:
        if os.path.isdir(root + path):
            kernel.mount("tmpfs", root + path, "tmpfs", kernel.MS_RDONLY, "size=4k,mode=700")


def _other_file_systems() -> list[str]:
    """Where disks other than the root's are mounted, parents first."""
    points = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            left, _, right = line.partition(" - ")
            point = left.split()[4].encode("latin-1", "replace").decode("unicode_escape")
            if right.split()[0] in VIRTUAL or point == "/" or point.split("/")[1] in OWN:
                continue
            if os.path.isdir(point) and not point.startswith(("/var/lib/docker", "/var/lib/containers")):
                points.append(point)
    return sorted(set(points))


def _by_entries(root: str, directory: str, upper: str) -> None:
    kernel.mount("tmpfs", root, "tmpfs", 0, "mode=755")
    for number, entry in enumerate(sorted(os.scandir("/"), key=lambda entry: entry.name)):
        target = f"{root}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), target)
        elif entry.is_dir():
            os.mkdir(target)
            if entry.name not in OWN:
                _cover(entry.path, target, directory, f"-{number}", upper)
    for path in SCRATCH:
        if os.path.isdir(root + path) and not os.access(root + path, os.W_OK):
            kernel.mount("tmpfs", root + path, "tmpfs", 0, "mode=1777")


def _cover(source: str, target: str, directory: str, name: str, upper: str) -> None:
    """An overlay of one folder; else the folder itself, read-only; else nothing (what this user may not see)."""
    try:
        if upper:
            overlay(target, source, directory, name, upper)
            os.chmod(target, stat.S_IMODE(os.stat(source).st_mode))
            return
    except OSError:
        pass
    try:
        mounting.bind(source, target, read_only=True)
    except OSError:
        return
