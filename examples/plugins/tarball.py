"""Volumes from tar archives on the node: ``csi`` with ``driver: tarball.example.com`` and the attribute ``archive``."""

from __future__ import annotations

import tarfile
from functools import partial
from pathlib import Path

import attrs

from sampan.plugin import CsiDriverBase, CsiRequest, CsiSettings, Registry, VolumeFailure, hookimpl


@attrs.frozen
class Settings:
    """``plugins.tarball.settings``: archives are taken from this folder alone."""

    folder: str = "/var/lib/archives"


class Tarball(CsiDriverBase):
    """A pod's own volume, or one that a StorageClass with the parameter ``archive`` makes for a claim."""

    def __init__(self, archives: Settings, settings: CsiSettings) -> None:
        super().__init__(settings)
        self._archives = Path(archives.folder)

    def fill(self, request: CsiRequest, folder: Path) -> None:
        archive = self._archives / Path(request.attributes.get("archive", "")).name
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")  # nothing outside of it, no devices, no foreign owners
        except (OSError, tarfile.TarError) as exc:
            raise VolumeFailure(f"cannot unpack {archive.name}: {exc}") from exc


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.csi_driver("tarball.example.com", partial(Tarball, registry.settings(Settings)))
