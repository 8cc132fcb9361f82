"""The tree of image ``host``: the machine's own root file system, whose changes stay in the container.

As root one overlay covers the root file system and one each of the others; without root each top-level folder gets its
own, since the kernel gives no overlay of a tree with mounts in it. Where there is none, folders are bound read-only.
"""

from __future__ import annotations

import os
import stat

from sampan.core.host import mount
from sampan.runtimes.process.shim import tree
from sampan.runtimes.process.shim.job import Job
from sampan.runtimes.process.shim.overlay import overlay
from sampan.runtimes.process.shim.tree import Tree

_NO_DISKS = (
    "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fuse.portal fusectl hugetlbfs mqueue"
    " nsfs overlay proc pstore ramfs rpc_pipefs securityfs squashfs sysfs tmpfs tracefs"
)
VIRTUAL = frozenset(_NO_DISKS.split())
OWN = ("proc", "sys", "dev", "run")
"""Top-level folders that a container has its own of."""
SCRATCH = ("/tmp", "/var/tmp")


def mount_host(job: Job, root: str, directory: str) -> None:
    upper, devices = job["root"]["upper"], job["privileged"]
    if job["user_namespace"] or not upper:
        _by_entries(root, directory, upper, devices)
        return
    overlay(root, "/", directory, "", upper, devices=devices)
    for index, point in enumerate(_other_file_systems()):
        _cover(point, root + point, directory, f"-{index}", upper, devices)


def hide(job: Job, made: Tree) -> None:
    """What a container of image ``host`` must not see of the machine: its run-time files, and this cluster's own."""
    if job["root"]["kind"] != "host":
        return
    made.new("tmpfs", "/run", mount.MS_NOSUID | mount.MS_NODEV, "mode=755")
    for path in job["root"]["masks"]:
        if os.path.isdir(path):
            made.new("tmpfs", path, mount.MS_RDONLY | mount.MS_NODEV, "size=4k,mode=700")
        elif os.path.exists(path):
            null = os.open(os.devnull, os.O_PATH | os.O_CLOEXEC)
            made.bind(null, path, read_only=True, devices=True)
            os.close(null)


def _other_file_systems() -> list[str]:
    """Where disks other than the root's are mounted, parents first."""
    points = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            left, _, right = line.partition(" - ")
            point = tree.unescaped(left.split()[4])
            if right.split()[0] in VIRTUAL or point == "/" or point.split("/")[1] in OWN:
                continue
            if os.path.isdir(point) and not point.startswith(("/var/lib/docker", "/var/lib/containers")):
                points.append(point)
    return sorted(set(points))


def _by_entries(root: str, directory: str, upper: str, devices: bool) -> None:
    mount.mount("tmpfs", root, "tmpfs", mount.MS_NODEV, "mode=755")
    for number, entry in enumerate(sorted(os.scandir("/"), key=lambda entry: entry.name)):
        target = f"{root}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), target)
        elif entry.is_dir():
            os.mkdir(target)
            if entry.name not in OWN:
                _cover(entry.path, target, directory, f"-{number}", upper, devices)
    for path in SCRATCH:
        if os.path.isdir(root + path) and not os.access(root + path, os.W_OK):
            mount.mount("tmpfs", root + path, "tmpfs", mount.MS_NODEV, "mode=1777")


def _cover(source: str, target: str, directory: str, name: str, upper: str, devices: bool) -> None:
    """An overlay of one folder; else the folder itself, read-only; else nothing (what this user may not see)."""
    try:
        if upper:
            overlay(target, source, directory, name, upper, devices=devices)
            os.chmod(target, stat.S_IMODE(os.stat(source).st_mode))
            return
    except OSError:
        pass
    try:
        tree.bind(source, target)
        tree.restrict(target, read_only=True, no_devices=not devices)
    except OSError:
        return
