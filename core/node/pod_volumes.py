"""A pod's volumes: publish, refresh, unpublish through the drivers. Blocking; called in worker threads."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Container, Mapping
from functools import partial
from pathlib import Path

import attrs

from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeDriver, VolumeFailure
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.volume import Volume
from sampan.core.node.config.environment import Get
from sampan.core.node.csi.volumes import FIELD as CSI
from sampan.core.node.csi.volumes import CsiVolumes
from sampan.core.node.identity import node_uid
from sampan.core.node.machine.settings import NodeSettings

log = logging.getLogger(__name__)

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
        self._told: set[tuple[str, str]] = set()

    def publish(self, pod: Pod, warn: Warn) -> dict[str, PublishedVolume]:
        """By volume name. Raises `MountFailed` for the first that fails."""
        published = {}
        for volume in pod.spec.volumes:
            try:
                name, driver = self._driver_of(volume)
                published[volume.name] = driver.publish(self._context(pod, volume, name, warn))
            except Exception as exc:
                raise MountFailed(self._words(volume, exc)) from exc
        return published

    def refresh(self, pod: Pod, warn: Warn) -> None:
        """Bring in what has changed. A volume that fails keeps what it had; raises `MountFailed` at the end."""
        problems = []
        for volume in pod.spec.volumes:
            try:
                name, driver = self._driver_of(volume)
                driver.refresh(self._context(pod, volume, name, warn))
            except Exception as exc:
                problems.append(self._words(volume, exc))
        if problems:
            raise MountFailed("; ".join(problems))

    def usage(self, pod: Pod, names: Container[str]) -> dict[str, int]:
        """Bytes of the node's disk that each of these volumes takes for the pod. What cannot be measured counts as none."""
        used = {}
        for volume in pod.spec.volumes:
            if volume.name in names:
                used[volume.name] = 0
                try:
                    name, driver = self._driver_of(volume)
                    used[volume.name] = driver.usage(self._directory(node_uid(pod), name, volume.name))
                except Exception as exc:
                    self._words(volume, exc)
        return used

    def unpublish(self, uid: str) -> None:
        """Give back all that was published for a pod of which only the uid is known. Raises `VolumeFailure`."""
        folder = self._settings.pod_dir(uid)
        for driver_folder in sorted((folder / "volumes").glob("*")):
            driver = self._drivers.get(driver_folder.name)
            for directory in sorted(driver_folder.iterdir()):
                if driver is None:
                    raise VolumeFailure(f"no volume driver {driver_folder.name} to give {directory} back")
                try:
                    driver.unpublish(directory)
                except VolumeFailure:
                    raise
                except Exception as exc:
                    raise VolumeFailure(f"{directory} cannot be given back: {exc}") from exc
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

    def _directory(self, uid: str, driver: str, volume: str) -> Path:
        return self._settings.pod_dir(uid) / "volumes" / driver / volume

    def _words(self, volume: Volume, exc: Exception) -> str:
        """Kubernetes' for an event. What a driver did not foresee comes into the log as well, once per sort."""
        if not isinstance(exc, (SampanError, OSError)):
            sort = (volume.name, type(exc).__name__)
            if sort not in self._told:
                self._told.add(sort)
                log.error("the driver of volume %s broke", volume.name, exc_info=exc)
            exc = VolumeFailure(f"{type(exc).__name__}: {exc}")
        return f'MountVolume.SetUp failed for volume "{volume.name}" : {exc}'

    def _context(self, pod: Pod, volume: Volume, driver: str, warn: Warn) -> VolumeContext:
        token = self._settings.pod_token
        pods = self._settings.data_dir / "pods"
        pods.mkdir(mode=0o700, parents=True, exist_ok=True)
        uid = node_uid(pod)
        context = VolumeContext(
            pod=pod,
            volume=volume,
            directory=self._directory(uid, driver, volume.name),
            get=self._get,
            allocatable=self._allocatable,
            token=None if token is None else partial(token, pod),
            warn=warn,
        )
        csi = self._drivers.get(CSI)
        if not isinstance(csi, CsiVolumes):
            return context
        own = attrs.evolve(context, directory=self._directory(uid, CSI, volume.name))
        return attrs.evolve(context, csi=partial(csi.publish_claimed, own))
