"""``fsGroup``: give a volume's files to the pod's group. https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"""

from __future__ import annotations

import os
from pathlib import Path

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
    if security.fs_group_change_policy == "OnRootMismatch" and _is_right(directory, group):
        return
    for folder, folders, files in os.walk(directory, topdown=False):
        for name in (*folders, *files):
            _give(os.path.join(folder, name), group, read_only)
    _give(os.fspath(directory), group, read_only)


def _is_right(directory: Path, group: int) -> bool:
    about = directory.stat()
    return about.st_gid == group and about.st_mode & DIRECTORY_BITS == DIRECTORY_BITS


def _give(path: str, group: int, read_only: bool) -> None:
    os.chown(path, -1, group, follow_symlinks=False)
    if os.path.islink(path):
        return
    mode = os.stat(path).st_mode & 0o7777
    if os.path.isdir(path):
        os.chmod(path, mode | DIRECTORY_BITS)
    else:
        os.chmod(path, mode | (READ_ONLY_FILE_BITS if read_only else FILE_BITS))
