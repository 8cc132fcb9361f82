"""The provisioner of the class ``local-path``: a folder of the node for each volume.

Data stays on its node until the claim is deleted, through restarts of pods and of the cluster. A folder has no size of its
own: what a claim asks for is written down, and kept to by whoever uses it (docs/operating.md).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sampan.core.contracts.provisioner import ProvisionerSettings, ProvisioningFailure, ProvisionRequest
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_sources import LocalVolumeSource
from sampan.core.node.mounts import remove_tree

NAME = "sampan.io/local-path"
FOR_EVERYBODY = 0o777


class LocalPath:
    name = NAME
    node_bound = True

    def __init__(self, settings: ProvisionerSettings) -> None:
        self._folder = settings.folder

    def provision(self, request: ProvisionRequest) -> Mapping[str, Any]:
        if request.parameters:
            unknown = ", ".join(sorted(request.parameters))
            raise ProvisioningFailure(f"{NAME} knows no parameters: {unknown}")
        path = self._folder / request.name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not path.is_dir():
                self._make(path, request.size)
        except OSError as exc:
            raise ProvisioningFailure(f"cannot make {path}: {exc.strerror}") from exc
        return {"local": LocalVolumeSource(path=str(path))}

    def expand(self, volume: PersistentVolume, size: int) -> None:
        if shutil.disk_usage(self._path(volume)).total < size:
            raise ProvisioningFailure("the node's disk is smaller than that")

    def delete(self, volume: PersistentVolume) -> None:
        remove_tree(self._path(volume))

    def _make(self, path: Path, size: int) -> None:
        if shutil.disk_usage(self._folder).total < size:
            raise ProvisioningFailure(f"{size} bytes are more than the node's whole disk has")
        path.mkdir()
        path.chmod(FOR_EVERYBODY)

    def _path(self, volume: PersistentVolume) -> Path:
        """Never anything else than a folder of ours, whatever was written into the volume since."""
        path = self._folder / (volume.metadata.name or "")
        if volume.spec.local is None or Path(volume.spec.local.path) != path or path.parent != self._folder:
            raise ProvisioningFailure(f"the volume is not where {NAME} would have made it")
        return path
