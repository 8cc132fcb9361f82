"""A container's /dev, /proc and /sys, as container engines make them. Each is put in the place of
whatever the image has there, so what lies below can be named without a link in the way.

Everywhere else in a container device files open nothing (``nodev``); here the few that it may use are mounts of their own.
"""

from __future__ import annotations

import os
import stat

from sampan.core.host import mount
from sampan.runtimes.process.shim.job import Job
from sampan.runtimes.process.shim.tree import Tree, bind, restrict

NODES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
}
LINKS = {
    "ptmx": "pts/ptmx",
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
HIDDEN = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats")
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
NOTHING_ELSE = mount.MS_NOSUID | mount.MS_NODEV | mount.MS_NOEXEC


def mount_proc(job: Job, made: Tree) -> None:
    """Of this process namespace. Where the kernel refuses (one that is not ours), the host's is bound."""
    try:
        made.new("proc", "/proc", NOTHING_ELSE)
    except OSError:
        _bind_host(made, "/proc")
    if job["privileged"] or job["user_namespace"]:
        return  # in a user namespace the host's root is nobody here: the kernel itself refuses
    for path in READ_ONLY:
        place = made.root + path
        if os.path.exists(place):
            bind(place, place)
            restrict(place, read_only=True)
    for path in HIDDEN:
        if os.path.exists(made.root + path):
            bind(os.devnull, made.root + path)


def mount_sys(job: Job, made: Tree) -> None:
    """Read-only, with the control groups that there are."""
    read_only = not job["privileged"]
    try:
        made.new("sysfs", "/sys", NOTHING_ELSE | (mount.MS_RDONLY if read_only else 0))
    except OSError:
        _bind_host(made, "/sys", read_only=read_only)
        return
    if os.path.isdir(f"{made.root}/sys/fs/cgroup"):
        bind("/sys/fs/cgroup", f"{made.root}/sys/fs/cgroup")
        restrict(f"{made.root}/sys/fs/cgroup", read_only=read_only, no_devices=True)


def mount_dev(job: Job, made: Tree) -> None:
    """The few devices that any program may expect; all of the host's where privileged."""
    dev = f"{made.root}/dev"
    if job["privileged"]:
        _bind_host(made, "/dev")
    else:
        made.new("tmpfs", "/dev", mount.MS_NOSUID | mount.MS_NODEV, "mode=755,size=64k")
        for folder in ("pts", "shm", "mqueue"):
            os.mkdir(f"{dev}/{folder}")
        _show_nodes(dev)
        for name, target in LINKS.items():
            os.symlink(target, f"{dev}/{name}")
    options = "newinstance,ptmxmode=0666,mode=0620"
    try:
        mount.mount("devpts", f"{dev}/pts", "devpts", mount.MS_NOSUID | mount.MS_NOEXEC, f"{options},gid=5")
    except OSError:  # group 5 is not in this user namespace
        mount.mount("devpts", f"{dev}/pts", "devpts", mount.MS_NOSUID | mount.MS_NOEXEC, options)
    if os.path.isdir(f"{dev}/shm"):
        bind(job["shm"], f"{dev}/shm")
        restrict(f"{dev}/shm", no_devices=True)


def _show_nodes(dev: str) -> None:
    """Made on a tmpfs that allows devices, which the pod's shared memory then covers: only the nodes' own mounts are left.

    (To unmount it would wait for all of the machine's processors.)
    """
    mount.mount("tmpfs", f"{dev}/shm", "tmpfs", mount.MS_NOSUID | mount.MS_NOEXEC, "mode=755,size=64k")
    for name, numbers in NODES.items():
        place = f"{dev}/{name}"
        source = _node(f"{dev}/shm/{name}", name, numbers)
        if os.path.exists(source):
            os.close(os.open(place, os.O_CREAT | os.O_CLOEXEC, 0o666))
            bind(source, place)


def _node(path: str, name: str, numbers: tuple[int, int]) -> str:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(*numbers))
        os.chmod(path, 0o666)
    except OSError:  # a user namespace may not make devices: borrow the host's
        return f"/dev/{name}"
    return path


def _bind_host(made: Tree, path: str, *, read_only: bool = False) -> None:
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    made.bind(fd, path, read_only=read_only, replace_link=True)
    os.close(fd)
