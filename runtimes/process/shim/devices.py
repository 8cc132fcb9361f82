"""A container's /dev, /proc and /sys, as container engines make them. Called with the new root in place."""

from __future__ import annotations

import os
import stat

from sampan.runtimes.process.shim import kernel
from sampan.runtimes.process.shim.job import Job
from sampan.runtimes.process.shim.mounting import bind

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
NOTHING_ELSE = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC


def mount_proc(job: Job, old_root: str) -> None:
    """Of this process namespace. Where the kernel refuses (one that is not ours), the host's is bound."""
    try:
        kernel.mount("proc", "/proc", "proc", NOTHING_ELSE)
    except OSError:
        bind(f"{old_root}/proc", "/proc")
    if job["privileged"] or job["user_namespace"]:
        return  # in a user namespace the host's root is nobody here: the kernel itself refuses
    for path in READ_ONLY:
        if os.path.exists(path):
            bind(path, path, read_only=True)
    for path in HIDDEN:
        if os.path.exists(path):
            bind(f"{old_root}/dev/null", path)


def mount_sys(job: Job, old_root: str) -> None:
    """Read-only, with the control groups that there are."""
    read_only = not job["privileged"]
    try:
        kernel.mount("sysfs", "/sys", "sysfs", NOTHING_ELSE | (kernel.MS_RDONLY if read_only else 0))
    except OSError:
        bind(f"{old_root}/sys", "/sys", read_only=read_only)
        return
    if os.path.isdir("/sys/fs/cgroup"):
        bind(f"{old_root}/sys/fs/cgroup", "/sys/fs/cgroup", read_only=read_only)


def mount_dev(job: Job, old_root: str) -> None:
    """The few devices that any program may expect; all of the host's where privileged."""
    if job["privileged"]:
        bind(f"{old_root}/dev", "/dev")
    else:
        kernel.mount("tmpfs", "/dev", "tmpfs", kernel.MS_NOSUID, "mode=755,size=64k")
        for name, numbers in NODES.items():
            _make_node(name, numbers, old_root)
        for name, target in LINKS.items():
            os.symlink(target, f"/dev/{name}")
        for folder in ("pts", "shm", "mqueue"):
            os.mkdir(f"/dev/{folder}")
    options = "newinstance,ptmxmode=0666,mode=0620"
    try:
        kernel.mount("devpts", "/dev/pts", "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, f"{options},gid=5")
    except OSError:  # group 5 is not in this user namespace
        kernel.mount("devpts", "/dev/pts", "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, options)
    if os.path.isdir("/dev/shm"):
        bind(f"{old_root}{job['shm']}", "/dev/shm")


def _make_node(name: str, numbers: tuple[int, int], old_root: str) -> None:
    path = f"/dev/{name}"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(*numbers))
        os.chmod(path, 0o666)
    except OSError:  # a user namespace may not make devices: borrow the host's
        if not os.path.exists(path):
            os.close(os.open(path, os.O_CREAT, 0o666))
        bind(f"{old_root}/dev/{name}", path)
