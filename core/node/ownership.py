"""``fsGroup``: give a volume's files to the pod's group. https://kubernetes.io/docs/tasks/configure-pod-container/security-context/

Called once, when a volume is made or taken into use for a pod. What is in it may be a pod's doing, so nothing is reached
by a path: each thing is opened without following links, and what is open is changed.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from sampan.core.contracts.volume import VolumeFailure
from sampan.core.host.mount import opened
from sampan.core.model.core_v1.pod import Pod

DIRECTORY_BITS = 0o2770
FILE_BITS = 0o660
READ_ONLY_FILE_BITS = 0o440


def give_to_group(pod: Pod, directory: Path, *, read_only: bool = False) -> None:
    """Make the pod's ``fsGroup`` own everything in ``directory``, able to read (and write) it. Needs root.

    With ``fsGroupChangePolicy: OnRootMismatch`` nothing is done where the folder itself is right already.
    """
    security = pod.spec.security_context
    if security is None or security.fs_group is None or os.geteuid() != 0:
        return
    group = security.fs_group
    root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if security.fs_group_change_policy == "OnRootMismatch" and _is_right(root, group):
            return
        # The folder itself comes last: it is what tells that all is done.
        for _, folders, files, folder in os.fwalk(".", dir_fd=root, topdown=False, follow_symlinks=False):
            for name in (*folders, *files):
                _give_entry(folder, name, group, read_only)
        _give(root, group, read_only)
    except RecursionError as exc:
        raise VolumeFailure("applying fsGroup failed: the volume's folders lie too deep in each other") from exc
    finally:
        os.close(root)


def _is_right(root: int, group: int) -> bool:
    about = os.fstat(root)
    return about.st_gid == group and about.st_mode & DIRECTORY_BITS == DIRECTORY_BITS


def _give_entry(folder: int, name: str, group: int, read_only: bool) -> None:
    with suppress(FileNotFoundError):  # removed meanwhile
        entry = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            if stat.S_ISLNK(os.fstat(entry).st_mode):
                os.chown(name, -1, group, dir_fd=folder, follow_symlinks=False)
            else:
                _give(entry, group, read_only)
        finally:
            os.close(entry)


def _give(entry: int, group: int, read_only: bool) -> None:
    mode = os.fstat(entry).st_mode
    bits = DIRECTORY_BITS if stat.S_ISDIR(mode) else READ_ONLY_FILE_BITS if read_only else FILE_BITS
    os.chown(opened(entry), -1, group)
    os.chmod(opened(entry), stat.S_IMODE(mode) | bits)
