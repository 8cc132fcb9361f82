"""Volumes from tar archives on the node: a ``flexVolume`` with ``driver: tarball`` and the option ``archive``."""

from __future__ import annotations

import tarfile
from pathlib import Path

import attrs

from sampan.plugin import Registry, VolumeContext, VolumeDriverBase, VolumeFailure, hookimpl


@attrs.frozen
class Settings:
    """``plugins.tarball.settings``: archives are taken from this folder alone."""

    folder: str = "/var/lib/archives"


class Tarball(VolumeDriverBase):
    field = "flex_volume"

    def __init__(self, settings: Settings) -> None:
        self._folder = Path(settings.folder)

    def fill(self, context: VolumeContext, folder: Path) -> None:
        source = context.volume.flex_volume
        if source is None or source.driver != "tarball":
            raise VolumeFailure(f"there is no driver {source.driver if source else ''}")
        archive = self._folder / Path(source.options.get("archive", "")).name
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")  # nothing outside of it, no devices, no foreign owners
        except (OSError, tarfile.TarError) as exc:
            raise VolumeFailure(f"cannot unpack {archive.name}: {exc}") from exc


@hookimpl
def sampan_register(registry: Registry) -> None:
    settings = registry.settings(Settings)
    registry.volume_driver("flexVolume", lambda: Tarball(settings))
