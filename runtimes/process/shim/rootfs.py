"""A container's own tree: an overlay of its image or of the host's root, with volumes and system folders in their places.

Called in the new process, before it is the container's. All is put together while the host's root is still there, by
descriptors (`tree`); then the new root takes its place, and the old one is gone at once.
"""

from __future__ import annotations

import os

from sampan.core.host import beneath, mount
from sampan.runtimes.process.shim import devices, host_tree, kernel, namespaces, tree
from sampan.runtimes.process.shim.job import Job, MountJob
from sampan.runtimes.process.shim.overlay import layers, overlay
from sampan.runtimes.process.shim.tree import Tree


def enter(job: Job, directory: str) -> None:
    """Make the tree and move into it. ``directory`` is the container's; its ``rootfs`` folder is the mount point."""
    namespaces.leave(("mnt",))
    mount.mount("none", "/", flags=mount.MS_REC | mount.MS_SLAVE)
    root = os.path.join(directory, "rootfs")
    os.makedirs(root, exist_ok=True)
    sources = [(each, open_source(each, directory, number)) for number, each in enumerate(job["mounts"])]
    if job["root"]["kind"] == "image":
        _mount_image(job, root, directory)
    else:
        host_tree.mount_host(job, root, directory)
    made = Tree(root, directory, devices=job["privileged"])
    host_tree.hide(job, made)
    devices.mount_dev(job, made)
    devices.mount_sys(job, made)
    devices.mount_proc(job, made)
    for each in job["files"]:
        _bind(made, each, open_source(each, directory), replace_link=True)
    for each, fd in sources:
        _bind(made, each, fd, replace_link=False)
    _pivot(root)
    if job["root"]["read_only"]:
        tree.restrict("/", read_only=True)


def open_source(job: MountJob, directory: str, number: int = 0) -> int:
    """What is to be mounted: a sub-path is opened again from the volume, so that no link on it leads anywhere else.

    Raises `OSError` with the path in its text where it is gone.
    """
    place = _mounted_image(job, directory, number) if job["layers"] else job["source"]
    source = os.open(place, os.O_PATH | os.O_CLOEXEC)
    if not job["sub_path"]:
        return source
    try:
        return beneath.open_existing(source, job["sub_path"])
    except beneath.LeadsOut as exc:
        raise OSError(f"the subPath {job['sub_path']} leads out of its volume") from exc
    finally:
        os.close(source)


def _mounted_image(job: MountJob, directory: str, number: int) -> str:
    """An image's files beside the container's own tree, and as long as it is there."""
    place = os.path.join(directory, f"image{number}")
    os.makedirs(place, exist_ok=True)
    os.chdir(job["source"])
    layers(place, job["layers"], directory)
    os.chdir("/")
    return place


def _mount_image(job: Job, root: str, directory: str) -> None:
    # Relative names: the kernel takes a page of options at most, and images have many layers.
    os.chdir(job["root"]["layers_dir"])
    lower = ":".join(job["root"]["layers"])
    overlay(root, lower, directory, "", job["root"]["upper"], devices=job["privileged"])
    os.chdir("/")


def _bind(made: Tree, job: MountJob, fd: int, *, replace_link: bool) -> None:
    made.bind(fd, job["target"], read_only=job["read_only"], propagate=job["propagate"], replace_link=replace_link)
    os.close(fd)


def _pivot(root: str) -> None:
    """The old root comes to lie over the new one, and is taken away from there."""
    os.chdir(root)
    kernel.pivot_root(".", ".")
    mount.unmount(".")
    os.chdir("/")
