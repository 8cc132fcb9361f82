"""A container's volume mounts, and the folders that their sub-paths name.

Called in a worker thread while a container is made: it looks at the file system.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Literal, cast

from sampan.core.contracts.runtime_config import Mount
from sampan.core.contracts.volume import PublishedVolume
from sampan.core.host import beneath
from sampan.core.model.core_v1.container import Container, VolumeMount
from sampan.core.node.config.environment import ContainerConfigProblem
from sampan.core.node.config.expansion import expand


def container_mounts(
    container: Container, volumes: Mapping[str, PublishedVolume], env: Mapping[str, str]
) -> tuple[Mount, ...]:
    """Raises `ContainerConfigProblem`."""
    mounts = tuple(_mount(container, each, volumes, env) for each in container.volume_mounts)
    own = {
        mount.container_path
        for mount, each in zip(mounts, container.volume_mounts, strict=True)
        if volumes[each.name].mount_points
    }
    for inner in mounts:
        outer = enclosing(mounts, inner)
        if outer and outer.read_only and outer.container_path in own:
            make_mount_point(outer, inner)
    return mounts


def _mount(
    container: Container, mount: VolumeMount, volumes: Mapping[str, PublishedVolume], env: Mapping[str, str]
) -> Mount:
    volume = volumes.get(mount.name)
    if volume is None:
        raise ContainerConfigProblem(f'cannot find volume "{mount.name}" to mount into container "{container.name}"')
    sub_path = mount.sub_path or ""
    if mount.sub_path_expr:
        sub_path = expand(mount.sub_path_expr, env)
        if "$(" in sub_path:
            raise ContainerConfigProblem(f"missing value for {sub_path}")
    if sub_path:
        what = f'volumeMount "{mount.name}" of container "{container.name}"'
        check_sub_path(sub_path, what)
        if not volume.image:  # nothing can be made in one: what it has not, the runtime does not find
            prepare_sub_path(volume.host_path, sub_path, what)
    propagation = cast('Literal["None", "HostToContainer", "Bidirectional"]', mount.mount_propagation or "None")
    return Mount(
        host_path="" if volume.image else os.fspath(volume.host_path),
        image=volume.image,
        container_path=mount.mount_path if mount.mount_path.startswith("/") else f"/{mount.mount_path}",
        sub_path=sub_path,
        read_only=mount.read_only or volume.read_only,
        propagation=propagation,
    )


def enclosing(mounts: Sequence[Mount], inner: Mount) -> Mount | None:
    """The mount in which this one's place lies."""
    above = [
        each for each in mounts if PurePosixPath(each.container_path) in PurePosixPath(inner.container_path).parents
    ]
    return max(above, key=lambda each: len(PurePosixPath(each.container_path).parts), default=None)


def make_mount_point(outer: Mount, inner: Mount) -> None:
    """A container cannot make the place for another volume in one that is read-only to it, so it is made beforehand."""
    place = str(PurePosixPath(inner.container_path).relative_to(PurePosixPath(outer.container_path)))
    try:
        source = _open(inner)
        is_folder = stat.S_ISDIR(os.fstat(source).st_mode)
        os.close(source)
        root = _open(outer)
        try:
            _make_place(root, place, folder=is_folder)
        finally:
            os.close(root)
    except (beneath.LeadsOut, OSError) as exc:
        raise ContainerConfigProblem(f"failed to make a mount point for {inner.container_path}: {exc}") from exc


def _make_place(root: int, place: str, *, folder: bool) -> None:
    if folder:
        os.close(beneath.open_or_make(root, place, 0o755))
        return
    above, _, name = place.rpartition("/")
    parent = beneath.open_or_make(root, above, 0o755)
    try:
        with suppress(FileExistsError):
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            os.close(os.open(name, flags, 0o644, dir_fd=parent))
    finally:
        os.close(parent)


def _open(mount: Mount) -> int:
    root = os.open(mount.host_path, os.O_PATH | os.O_CLOEXEC)
    try:
        return beneath.open_existing(root, mount.sub_path)
    finally:
        os.close(root)


def check_sub_path(sub_path: str, what: str) -> None:
    """Raises `ContainerConfigProblem`."""
    if os.path.isabs(sub_path) or ".." in Path(sub_path).parts:
        raise ContainerConfigProblem(f'subPath "{sub_path}" of {what} must stay within the volume')


def prepare_sub_path(volume: Path, sub_path: str, what: str) -> None:
    """Let ``sub_path`` be there: what is missing of it is made, as folders with the volume's own mode.

    Links may lead to other places within the volume (``..data`` does), never out of it. Raises `ContainerConfigProblem`.
    The runtime resolves the path again when it mounts: nothing that is found here is relied on.
    """
    try:
        root = os.open(volume, os.O_PATH | os.O_CLOEXEC)
        try:
            mode = stat.S_IMODE(os.fstat(root).st_mode)
            os.close(beneath.open_or_make(root, sub_path, mode))
        finally:
            os.close(root)
    except beneath.LeadsOut as exc:
        raise ContainerConfigProblem(f"failed to prepare subPath for {what}: it leads out of the volume") from exc
    except OSError as exc:
        raise ContainerConfigProblem(f"failed to create subPath directory for {what}: {exc.strerror}") from exc
