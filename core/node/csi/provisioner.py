"""A CSI driver as the provisioner of the StorageClasses that name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from sampan.core.contracts.csi import CsiMade, ProvisioningCsiDriver
from sampan.core.contracts.provisioner import ProvisioningFailure, ProvisionRequest
from sampan.core.contracts.volume import VolumeFailure
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_sources import CSIPersistentVolumeSource

RESERVED = "csi.storage.k8s.io/"
"""Parameters of a class that are not the driver's own."""
FS_TYPE = f"{RESERVED}fstype"


class CsiProvisioner:
    """See `sampan.core.contracts.provisioner.Provisioner`. ``run`` calls the driver."""

    def __init__(self, name: str, driver: ProvisioningCsiDriver, run: Callable[[Callable[[], Any]], Any]) -> None:
        self.name = name
        self.node_bound = driver.node_bound
        self._driver = driver
        self._run = run

    def provision(self, request: ProvisionRequest) -> Mapping[str, Any]:
        reserved = {key for key in request.parameters if key.startswith(RESERVED)}
        if unknown := sorted(reserved - {FS_TYPE}):
            raise ProvisioningFailure(f"the parameter {unknown[0]} is none that sampan hands on")
        own = {key: value for key, value in request.parameters.items() if key not in reserved}
        made = self._asked(lambda: self._driver.create(attrs.evolve(request, parameters=own)))
        if not isinstance(made, CsiMade) or not made.handle:
            raise ProvisioningFailure(f"the CSI driver {self.name} returned no CsiMade with a handle")
        source = CSIPersistentVolumeSource(
            driver=self.name,
            volume_handle=made.handle,
            volume_attributes=made.attributes,
            fs_type=request.parameters.get(FS_TYPE),
        )
        return {"csi": source}

    def expand(self, volume: PersistentVolume, size: int) -> None:
        handle = self._handle(volume)
        self._asked(lambda: self._driver.expand(handle, size))

    def delete(self, volume: PersistentVolume) -> None:
        handle = self._handle(volume)
        self._asked(lambda: self._driver.delete(handle))

    def _asked(self, work: Callable[[], Any]) -> Any:
        try:
            return self._run(work)
        except VolumeFailure as exc:
            raise ProvisioningFailure(str(exc)) from exc

    def _handle(self, volume: PersistentVolume) -> str:
        if volume.spec.csi is None or volume.spec.csi.driver != self.name:
            raise ProvisioningFailure(f"the volume is none of the CSI driver {self.name}")
        return volume.spec.csi.volume_handle
