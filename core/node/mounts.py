"""Mounting tmpfs, and removing a volume's folder whatever is in it. Needs root for the former."""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
from pathlib import Path

from sampan.core.contracts.volume import VolumeFailure

MS_NOSUID, MS_NODEV = 0x2, 0x4
MNT_DETACH = 0x2


def may_mount() -> bool:
    return os.geteuid() == 0


def mount_tmpfs(directory: Path, size: int) -> None:
    """Mount a tmpfs of at most ``size`` bytes (0: half of the memory, the kernel's default).

    Everybody may write into it, and remove what is his own: the mode that a tmpfs has, which Kubernetes leaves as it is.
    """
    options = f"mode=1777{f',size={size}' if size else ''}"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(directory), b"tmpfs", MS_NOSUID | MS_NODEV, options.encode()):
        raise VolumeFailure(f"cannot mount a tmpfs on {directory}: {os.strerror(ctypes.get_errno())}")


def unmount(directory: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(directory), MNT_DETACH):
        raise VolumeFailure(f"cannot unmount {directory}: {os.strerror(ctypes.get_errno())}")


def remove_tree(directory: Path) -> None:
    """Remove the folder with all that is in it, unmounting it first. Idempotent; follows no links."""
    if directory.is_symlink():
        target = Path(os.readlink(directory))
        directory.unlink()
        directory = target
    if not directory.exists():
        return
    if os.path.ismount(directory):
        unmount(directory)
    _make_removable(directory)
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        pass
    except OSError as exc:
        raise VolumeFailure(f"cannot remove {directory}: {exc}") from exc


def _make_removable(directory: Path) -> None:
    """Without root, a folder that a pod made read-only would stay."""
    if os.geteuid() == 0:
        return
    for folder, folders, _ in os.walk(directory):
        for name in folders:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and os.stat(path).st_uid == os.geteuid():
                os.chmod(path, stat.S_IRWXU)
