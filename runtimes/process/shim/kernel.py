"""The system calls that Python 3.11 has no function for, each raising `OSError` with what was asked in its text."""

from __future__ import annotations

import ctypes
import os

from sampan.core.host.mount import check

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_NAME = 15
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)
_CAPABILITY_VERSION_3 = 0x20080522


def unshare(flags: int) -> None:
    check(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int = 0) -> None:
    check(_libc.setns(fd, kind), "setns")


def pivot_root(new_root: str, put_old: str) -> None:
    check(_libc.syscall(_PIVOT_ROOT, os.fsencode(new_root), os.fsencode(put_old)), f"pivot_root {new_root}")


def set_hostname(name: str) -> None:
    data = name.encode()
    check(_libc.sethostname(data, len(data)), f"set the hostname {name}")


def prctl(option: int, argument: int = 0) -> int:
    zero = ctypes.c_ulong(0)
    result: int = _libc.prctl(option, ctypes.c_ulong(argument), zero, zero, zero)
    return check(result, f"prctl {option}")


def set_process_name(name: str) -> None:
    """As ``ps`` shows it (15 bytes)."""
    _libc.prctl(PR_SET_NAME, ctypes.create_string_buffer(name.encode()[:15]), 0, 0, 0)


def set_capabilities(effective: int, permitted: int, inheritable: int = 0) -> None:
    """This process's capability sets, as bit masks."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    low, high = 0xFFFFFFFF, 32
    data = (ctypes.c_uint32 * 6)(
        effective & low,
        permitted & low,
        inheritable & low,
        effective >> high,
        permitted >> high,
        inheritable >> high,
    )
    check(_libc.capset(header, data), "capset")


def _pivot_root_number() -> int:
    """glibc has no function for it; the numbers are the kernel's, per machine."""
    machine = os.uname().machine
    if machine == "x86_64":
        return 155
    if machine in ("i386", "i486", "i586", "i686"):
        return 217
    if machine.startswith("arm"):
        return 218
    if machine == "s390x":
        return 217
    if machine.startswith("ppc"):
        return 203
    return 41  # the generic table: aarch64, riscv64, loongarch64


_PIVOT_ROOT = _pivot_root_number()
