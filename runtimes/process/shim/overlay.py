"""Overlay mounts: what a container writes stays in a folder of its own, or in memory where the disk cannot hold one."""

from __future__ import annotations

import os

from sampan.core.host import mount


def overlay(target: str, lower: str, directory: str, name: str, upper: str, *, devices: bool = False) -> None:
    """Mount one; what is written goes below ``directory``, or to memory. Lower folders may be relative.

    Without ``devices`` a device file in it opens nothing.
    """
    flags = 0 if devices else mount.MS_NODEV
    place = directory
    if upper == "memory":
        place = os.path.join(directory, "memory")
        if not os.path.ismount(place):
            os.makedirs(place, exist_ok=True)
            mount.mount("tmpfs", place, "tmpfs", 0, "mode=755")
    folders = []
    for part in ("upper", "work"):
        folder = os.path.join(place, f"{part}{name}")
        os.makedirs(folder, exist_ok=True)
        folders.append(_escaped(folder))
    os.chmod(os.path.join(place, f"upper{name}"), 0o755)
    _mount(target, flags, f"lowerdir={lower},upperdir={folders[0]},workdir={folders[1]}")


def layers(target: str, lower: list[str], directory: str) -> None:
    """Mount folders over one another, the topmost first, for reading alone. No device file in them opens anything."""
    nothing = os.path.join(directory, "nothing")  # the kernel wants two at least
    os.makedirs(nothing, exist_ok=True)
    lowest = ":".join([*lower, _escaped(nothing)])
    _mount(target, mount.MS_RDONLY | mount.MS_NODEV, f"lowerdir={lowest}")


def _mount(target: str, flags: int, options: str) -> None:
    try:
        mount.mount("overlay", target, "overlay", flags, f"{options},userxattr")
    except OSError:  # before Linux 5.11
        mount.mount("overlay", target, "overlay", flags, options)


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace(",", "\\,").replace(":", "\\:")
