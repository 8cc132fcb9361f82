"""A pod's volumes: publish, refresh, unpublish through the drivers. Blocking; called in worker threads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeDriver, VolumeFailure
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.volume import Volume
from sampan.core.model.meta import Quantity
from sampan.core.model.quantity import value
from sampan.core.node.config.environment import Get
from sampan.core.node.identity import node_uid
from sampan.core.node.machine.settings import NodeSettings

Warn = Callable[[str], None]


class MountFailed(VolumeFailure):
    """One of a pod's volumes cannot be made: the message names it, as in Kubernetes' event."""


class PodVolumes:
    def __init__(
        self, settings: NodeSettings, drivers: Mapping[str, VolumeDriver], get: Get, allocatable: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._drivers = drivers
        self._get = get
        self._allocatable = allocatable

    def publish(self, pod: Pod, warn: Warn) -> dict[str, PublishedVolume]:
        """By volume name. Raises `MountFailed` for the first that fails."""
        published = {}
        for volume in pod.spec.volumes:
            try:
                name, driver = self._driver_of(volume)
                published[volume.name] = driver.publish(self._context(pod, volume, name, warn))
            except (VolumeFailure, OSError) as exc:
                raise MountFailed(f'MountVolume.SetUp failed for volume "{volume.name}" : {exc}') from exc
        return published

    def refresh(self, pod: Pod, warn: Warn) -> None:
        """Bring in what has changed. A volume that fails keeps what it had; raises `MountFailed` at the end."""
        problems = []
        for volume in pod.spec.volumes:
            try:
                name, driver = self._driver_of(volume)
                driver.refresh(self._context(pod, volume, name, warn))
            except (VolumeFailure, OSError) as exc:
                problems.append(f'MountVolume.SetUp failed for volume "{volume.name}" : {exc}')
        if problems:
            raise MountFailed("; ".join(problems))

    def over_limit(self, pod: Pod) -> str | None:
        """Why the pod is to be evicted: an emptyDir on disk that has grown over its ``sizeLimit``."""
        for volume, limit in limited_volumes(pod):
            directory = self._settings.pod_dir(node_uid(pod)) / "volumes" / "emptyDir" / volume.name
            if disk_usage(directory) > value(limit):
                return f'Usage of EmptyDir volume "{volume.name}" exceeds the limit "{limit}". '
        return None

    def unpublish(self, uid: str) -> None:
        """Give back all that was published for a pod of which only the uid is known. Raises `VolumeFailure`."""
        folder = self._settings.pod_dir(uid)
        for driver_folder in sorted((folder / "volumes").glob("*")):
            driver = self._drivers.get(driver_folder.name)
            for directory in sorted(driver_folder.iterdir()):
                if driver is None:
                    raise VolumeFailure(f"no volume driver {driver_folder.name} to give {directory} back")
                driver.unpublish(directory)
        shutil.rmtree(folder, ignore_errors=True)

    def left_over(self) -> list[str]:
        """Uids of pods that have a folder here."""
        pods = self._settings.data_dir / "pods"
        return [each.name for each in pods.iterdir()] if pods.is_dir() else []

    def _driver_of(self, volume: Volume) -> tuple[str, VolumeDriver]:
        for name, driver in self._drivers.items():
            if getattr(volume, driver.field, None) is not None:
                return name, driver
        raise VolumeFailure("no volume plugin matched")

    def _context(self, pod: Pod, volume: Volume, driver: str, warn: Warn) -> VolumeContext:
        token = self._settings.pod_token
        pods = self._settings.data_dir / "pods"
        pods.mkdir(mode=0o700, parents=True, exist_ok=True)
        return VolumeContext(
            pod=pod,
            volume=volume,
            directory=self._settings.pod_dir(node_uid(pod)) / "volumes" / driver / volume.name,
            get=self._get,
            allocatable=self._allocatable,
            token=None if token is None else partial(token, pod),
            warn=warn,
        )


def limited_volumes(pod: Pod) -> list[tuple[Volume, Quantity]]:
    """Those whose growth must be watched: a tmpfs keeps to its size by itself."""
    return [
        (each, each.empty_dir.size_limit) for each in pod.spec.volumes
        if each.empty_dir is not None and each.empty_dir.size_limit and each.empty_dir.medium != "Memory"
    ]  # fmt: skip


def disk_usage(directory: Path) -> int:
    """Bytes on disk below ``directory``, without following links."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
    return total
