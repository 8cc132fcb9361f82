"""Mounting and unmounting: the two system calls, also on what is already open.

Standard library only: the process runtime's shim imports it too. It needs CAP_SYS_ADMIN where the mount namespace is owned.
"""

from __future__ import annotations

import ctypes
import os

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_RELATIME = 1 << 21
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Raises `OSError` with what was asked in its text."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        os.fsencode(options) or None,
    )
    check(result, f"mount {kind or source} on {target}")


def unmount(target: str) -> None:
    """Lazily: gone from the tree now, freed when nothing uses it."""
    check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def opened(fd: int) -> str:
    """The path by which a system call reaches exactly what is open, whatever its name stands for now."""
    return f"/proc/self/fd/{fd}"


def check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
