"""Who a container's process is: user, groups and capabilities, from the pod's wishes and the image's own user files.

The files are read with plain code, never with ``pwd``: the C library would load the image's name-service modules.
"""

from __future__ import annotations

import os

from sampan.runtimes.process.shim import kernel, namespaces
from sampan.runtimes.process.shim.job import Job, UserJob

_NAMES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE"
    " NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN"
    " SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE"
    " MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
)
CAPABILITIES = tuple(_NAMES.split())
"""In the kernel's order: the index is the number."""


class UnknownUser(Exception):
    """A name that the image's files do not have."""


class Identity:
    def __init__(self, uid: int, gid: int, groups: list[int], home: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home


def resolve(user: UserJob, root: str = "/") -> Identity:
    """As container engines do: ``runAsUser`` before the image's ``user[:group]``; names from the image's /etc/passwd
    and /etc/group; the groups that list the user's name besides those asked for."""
    wanted, _, wanted_group = user["image_user"].partition(":")
    if user["uid"] is not None:
        wanted, wanted_group = str(user["uid"]), ""
    accounts = _entries(os.path.join(root, "etc/passwd"))
    groups = _entries(os.path.join(root, "etc/group"))
    account = _find(accounts, wanted or "0")
    if account is None and not (wanted or "0").isdigit():
        raise UnknownUser(f"unable to find user {wanted}: no matching entries in passwd file")
    uid = int(account[2]) if account else int(wanted or "0")
    gid = int(account[3]) if account else 0
    if wanted_group:
        group = _find(groups, wanted_group)
        if group is None and not wanted_group.isdigit():
            raise UnknownUser(f"unable to find group {wanted_group}: no matching entries in group file")
        gid = int(group[2]) if group else int(wanted_group)
    if user["gid"] is not None:
        gid = user["gid"]
    name = account[0] if account else ""
    listed = [int(entry[2]) for entry in groups if name and name in entry[3].split(",")]
    home = account[5] if account and len(account) > 5 and account[5] else "/"
    return Identity(uid, gid, sorted({*listed, *user["groups"]} - {gid}), home)


def become(identity: Identity, job: Job) -> None:
    """Take on user, groups and capabilities, for good. Without namespaces and without root there is nothing to take."""
    if job["user_namespace"] == "single":
        if (identity.uid, identity.gid) != (0, 0):
            # One user is mapped: a namespace below shows it under the number that was asked for.
            namespaces.leave(("user",))
            namespaces.map_one(identity.uid, 0, identity.gid, 0)
        bounding = _limit_bounding_set(job)
        if identity.uid == 0:
            kernel.set_capabilities(bounding, bounding)
    elif os.geteuid() == 0:
        bounding = _limit_bounding_set(job)
        _change_user(identity)
        if identity.uid == 0:
            kernel.set_capabilities(bounding, bounding)
    if job["no_new_privileges"]:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def _change_user(identity: Identity) -> None:
    """Raises `PermissionError` where this machine withholds the right to become somebody else."""
    try:
        os.setgroups(identity.groups)
        os.setgid(identity.gid)
        os.setuid(identity.uid)
    except PermissionError as exc:
        if (identity.uid, identity.gid) != (os.geteuid(), os.getegid()):
            who = f"user {identity.uid}, group {identity.gid}"
            what = f"cannot run as {who}: root may not change users on this machine"
            raise PermissionError(exc.errno, what) from exc
        # A root without capabilities stays who it is, with its own groups.


def capability_mask(names: list[str]) -> int:
    mask = 0
    for name in names:
        mask |= 1 << CAPABILITIES.index(name)
    return mask


def _limit_bounding_set(job: Job) -> int:
    """Drop from it what the container must not have; what is left, as a mask."""
    wanted = (1 << len(CAPABILITIES)) - 1 if job["privileged"] else capability_mask(job["capabilities"])
    left = 0
    for number in range(len(CAPABILITIES)):
        if not _has(number):
            continue
        if wanted >> number & 1:
            left |= 1 << number
        else:
            kernel.prctl(kernel.PR_CAPBSET_DROP, number)
    return left


def _has(number: int) -> bool:
    try:
        return kernel.prctl(kernel.PR_CAPBSET_READ, number) == 1
    except OSError:
        return False  # a kernel that does not know it


def _entries(path: str) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.strip().split(":") for line in file]
    except OSError:
        return []
    return [row for row in rows if len(row) > 3 and row[2].isdigit()]


def _find(entries: list[list[str]], wanted: str) -> list[str] | None:
    for entry in entries:
        if entry[0] == wanted:
            return entry
    for entry in entries:
        if wanted.isdigit() and int(entry[2]) == int(wanted):
            return entry
    return None
