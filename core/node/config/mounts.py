"""A container's volume mounts as paths of this host, and sub-paths that cannot lead out of their volume.

Called in a worker thread while a container is made: it looks at the file system.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, cast

from sampan.core.contracts.runtime import Mount
from sampan.core.contracts.volume import PublishedVolume
from sampan.core.model.core_v1.container import Container, VolumeMount
from sampan.core.node.config.environment import ContainerConfigProblem
from sampan.core.node.config.expansion import expand

SUB_PATH_MODE = 0o750


def container_mounts(
    container: Container, volumes: Mapping[str, PublishedVolume], env: Mapping[str, str]
) -> tuple[Mount, ...]:
    """Raises `ContainerConfigProblem`."""
    return tuple(_mount(each, volumes, env) for each in container.volume_mounts)


def _mount(mount: VolumeMount, volumes: Mapping[str, PublishedVolume], env: Mapping[str, str]) -> Mount:
    volume = volumes.get(mount.name)
    if volume is None:
        raise ContainerConfigProblem(f'cannot find volume "{mount.name}" to mount into container')
    path = volume.host_path
    sub_path = mount.sub_path or ""
    if mount.sub_path_expr:
        sub_path = expand(mount.sub_path_expr, env)
        if "$(" in sub_path:
            raise ContainerConfigProblem(f"missing value for {sub_path}")
    if sub_path:
        path = resolve_sub_path(path, sub_path, mount.name)
    propagation = cast('Literal["None", "HostToContainer", "Bidirectional"]', mount.mount_propagation or "None")
    return Mount(
        host_path=os.fspath(path),
        container_path=mount.mount_path if mount.mount_path.startswith("/") else f"/{mount.mount_path}",
        read_only=mount.read_only or volume.read_only,
        propagation=propagation,
    )


def resolve_sub_path(volume: Path, sub_path: str, name: str) -> Path:
    """The real path of ``sub_path`` in the volume, made as a folder where it is missing.

    Links may lead to other places within the volume (``..data`` does), never out of it. The result has no links left,
    so nothing that a pod changes later moves the mount.
    """
    parts = Path(sub_path).parts
    if os.path.isabs(sub_path) or ".." in parts:
        raise ContainerConfigProblem(f'subPath "{sub_path}" of volume mount "{name}" must stay within the volume')
    root = volume.resolve()
    target = (root / sub_path).resolve()
    if not target.is_relative_to(root):
        raise ContainerConfigProblem(f'failed to prepare subPath for volumeMount "{name}": it leads out of the volume')
    if not target.exists():
        _make_below(root, target)
    return target


def _make_below(root: Path, target: Path) -> None:
    """Make the missing folders one by one, each opened from the one before without following links."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    folder = os.open(root, flags)
    try:
        for part in target.relative_to(root).parts:
            with suppress(FileExistsError):
                os.mkdir(part, SUB_PATH_MODE, dir_fd=folder)
            below = os.open(part, flags, dir_fd=folder)
            os.close(folder)
            folder = below
    except OSError as exc:
        raise ContainerConfigProblem(f"failed to create subPath directory {target}: {exc.strerror}") from exc
    finally:
        os.close(folder)
