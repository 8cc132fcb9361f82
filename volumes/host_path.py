"""``hostPath``: a file or folder of the node, checked against its ``type``.

https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeFailure
from sampan.core.model.core_v1.volume import HostPathVolumeSource

CHECKS: Final[Mapping[str, tuple[Callable[[int], bool], str]]] = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "DirectoryOrCreate": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "FileOrCreate": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


class HostPath:
    field = "host_path"

    def publish(self, context: VolumeContext) -> PublishedVolume:
        source = context.volume.host_path
        if source is None:
            raise VolumeFailure("volume does not have a hostPath")
        return PublishedVolume(host_path=check_host_path(source), mount_points=False)

    def refresh(self, context: VolumeContext) -> None:
        """The node's files are what they are."""

    def usage(self, directory: Path) -> int:
        """The node's files are not the pod's."""
        return 0

    def unpublish(self, directory: Path) -> None:
        """The path is the node's, not ours."""


def check_host_path(source: HostPathVolumeSource) -> Path:
    """The path, made where its type says so. Raises `VolumeFailure` where it is not what it is said to be."""
    path = Path(source.path)
    if not path.is_absolute():
        raise VolumeFailure(f'hostPath "{path}" is not an absolute path of the node')
    sort = source.type or ""
    if sort in ("", "DirectoryOrCreate") and not path.exists():
        # Without a type engines make the folder; done here so that all do it alike.
        _make_directory(path)
    elif sort == "FileOrCreate" and not path.exists():
        _make_file(path)
    if sort:
        _check(path, sort)
    return path


def _check(path: Path, sort: str) -> None:
    if sort not in CHECKS:
        raise VolumeFailure(f"hostPath type check failed: {sort} is an invalid volume type")
    is_it, what = CHECKS[sort]
    try:
        mode = path.stat().st_mode
    except OSError:
        mode = 0
    if not is_it(mode):
        raise VolumeFailure(f"hostPath type check failed: {path} is not {what}")


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as exc:
        raise VolumeFailure(f"mkdir {path}: {exc.strerror}") from exc


def _make_file(path: Path) -> None:
    """As in Kubernetes its folder must be there."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    except OSError as exc:
        raise VolumeFailure(f"open {path}: {exc.strerror}") from exc
