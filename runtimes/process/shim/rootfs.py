"""A container's own tree: an overlay of its image or of the host's root, with volumes and system folders in their places.

Called in the new process, before it is the container's. Volumes are bound once the new root is in place, so that the
kernel resolves their paths, links included, inside it; their sources were opened before.
"""

from __future__ import annotations

import os

from sampan.runtimes.process.shim import devices, host_tree, kernel, mounting, namespaces
from sampan.runtimes.process.shim.job import Job, MountJob
from sampan.runtimes.process.shim.overlay import overlay

OLD_ROOT = "/.host-root"


def enter(job: Job, directory: str) -> None:
    """Make the tree and move into it. ``directory`` is the container's; its ``rootfs`` folder is the mount point."""
    namespaces.leave(("mnt",))
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_SLAVE)
    root = os.path.join(directory, "rootfs")
    os.makedirs(root, exist_ok=True)
    if job["root"]["kind"] == "image":
        _mount_image(job, root, directory)
    else:
        host_tree.mount(job, root, directory)
    sources = [(mount, _open(mount["source"])) for mount in job["mounts"]]
    files = [(mount, _open(mount["source"])) for mount in job["files"]]
    _pivot(root)
    _mount_system(job)
    for mount, fd in files:
        _mount_at(mount, fd, replace_link=True)
    for mount, fd in sources:
        _mount_at(mount, fd, replace_link=False)
    kernel.unmount(OLD_ROOT)
    os.rmdir(OLD_ROOT)
    if job["root"]["read_only"]:
        mounting.remount_read_only("/")


def _mount_image(job: Job, root: str, directory: str) -> None:
    # Relative names: the kernel takes a page of options at most, and images have many layers.
    os.chdir(job["root"]["layers_dir"])
    overlay(root, ":".join(job["root"]["layers"]), directory, "", job["root"]["upper"])
    os.chdir("/")


def _pivot(root: str) -> None:
    old = root + OLD_ROOT
    os.makedirs(old, exist_ok=True)
    kernel.pivot_root(root, old)
    os.chdir("/")


def _mount_system(job: Job) -> None:
    for folder in ("/proc", "/sys", "/dev"):
        mounting.make_mount_point(folder, folder=True, replace_link=True)
    devices.mount_dev(job, OLD_ROOT)
    devices.mount_sys(job, OLD_ROOT)
    devices.mount_proc(job, OLD_ROOT)


def _open(path: str) -> int:
    """Raises `OSError` with the path in its text where the volume's folder is gone."""
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def _mount_at(mount: MountJob, fd: int, *, replace_link: bool) -> None:
    source = f"/proc/self/fd/{fd}"
    mounting.make_mount_point(mount["target"], folder=os.path.isdir(source), replace_link=replace_link)
    mounting.bind(source, mount["target"], read_only=mount["read_only"], propagate=mount["propagate"])
    os.close(fd)
