"""Entering and leaving namespaces, and the maps of user namespaces without root."""

from __future__ import annotations

import os

from sampan.runtimes.process.shim import kernel

FLAGS = {
    "user": kernel.CLONE_NEWUSER,
    "mnt": kernel.CLONE_NEWNS,
    "uts": kernel.CLONE_NEWUTS,
    "ipc": kernel.CLONE_NEWIPC,
    "net": kernel.CLONE_NEWNET,
    "pid": kernel.CLONE_NEWPID,
}


def same(pid: int, kind: str) -> bool:
    """Is this process already in that one's namespace? (The kernel refuses to enter one's own user namespace.)"""
    theirs, ours = os.stat(f"/proc/{pid}/ns/{kind}"), os.stat(f"/proc/self/ns/{kind}")
    return theirs.st_ino == ours.st_ino


def enter(pid: int, kinds: tuple[str, ...]) -> None:
    """Join those of a process's namespaces that are not ours already: the user namespace first, it gives the right to
    the others; all are opened before the first is entered, since ``/proc`` may be another one afterwards."""
    wanted = [kind for kind in FLAGS if kind in kinds and not same(pid, kind)]
    opened = [(kind, os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)) for kind in wanted]
    for kind, fd in opened:
        kernel.setns(fd, FLAGS[kind])
        os.close(fd)


def leave(kinds: tuple[str, ...]) -> None:
    """Make new ones; the new user namespace, if any, owns the others."""
    flags = 0
    for kind in kinds:
        flags |= FLAGS[kind]
    kernel.unshare(flags)


def leave_as_root(kinds: tuple[str, ...], subordinate: list[list[int]] | None) -> None:
    """Make a user namespace of one's own, in which this process is root, and the others with it.

    ``subordinate``: (start, count) of users and of groups, from /etc/subuid and /etc/subgid: mapped from 1 up by the
    setuid helpers ``newuidmap`` and ``newgidmap``. Without them the caller is the only user there is.
    """
    uid, gid = os.geteuid(), os.getegid()
    if not subordinate:
        leave(("user", *kinds))
        map_one(0, uid, 0, gid)
        return
    wait, tell = os.pipe()
    helper = os.fork()  # stays outside: only from there may it write the maps
    if helper == 0:
        os.close(tell)
        os.read(wait, 1)
        _write_maps(os.getppid(), (uid, gid), subordinate)
    os.close(wait)
    leave(("user", *kinds))
    os.close(tell)
    _, status = os.waitpid(helper, 0)
    if status:
        raise OSError(f"newuidmap ended with {os.waitstatus_to_exitcode(status)}")


def map_one(inside_uid: int, outside_uid: int, inside_gid: int, outside_gid: int) -> None:
    """A single user and a single group: what the kernel lets anybody do for themselves."""
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{inside_uid} {outside_uid} 1")
    _write("/proc/self/gid_map", f"{inside_gid} {outside_gid} 1")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _write_maps(pid: int, own: tuple[int, int], subordinate: list[list[int]]) -> None:
    """Run both helpers, and end."""
    code = 1
    try:
        for program, identity, (start, count) in zip(("newuidmap", "newgidmap"), own, subordinate, strict=True):
            arguments = [program, str(pid), "0", str(identity), "1", "1", str(start), str(count)]
            child = os.fork()
            if child == 0:
                os.execvp(program, arguments)
            _, status = os.waitpid(child, 0)
            if status:
                break
        else:
            code = 0
    finally:
        os._exit(code)
