"""The CSI drivers of a node: by name, made once, with what their plugins are told of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from sampan.core.classes import frozen
from sampan.core.contracts.csi import CsiDriver, CsiSettings, ProvisioningCsiDriver
from sampan.core.contracts.provisioner import Provisioner
from sampan.core.contracts.volume import VolumeFailure
from sampan.core.model.meta import EMPTY
from sampan.core.node.csi.provisioner import CsiProvisioner
from sampan.core.plugins import Plugins
from sampan.core.plugins.part_calls import PartCalls, calls_of

T = TypeVar("T")
SLOW = 30.0
"""Seconds that no call should take: a pod waits."""


@frozen
class NamedDriver:
    """One driver, whose calls stand in its plugin's account."""

    name: str
    driver: CsiDriver
    _calls: PartCalls

    def run(self, work: Callable[[], T]) -> T:
        """What ``work``, which calls the driver, returns. What breaks is a `VolumeFailure` that names the driver."""
        try:
            return self._calls.run(work)
        except VolumeFailure as exc:
            raise VolumeFailure(f"the CSI driver {self.name}: {exc}") from exc
        except OSError as exc:
            raise VolumeFailure(f"the CSI driver {self.name}: {exc}") from exc
        except Exception as exc:
            raise VolumeFailure(f"the CSI driver {self.name} broke: {type(exc).__name__}: {exc}") from exc


@frozen
class CsiDrivers:
    """All of one node. ``folder`` is where staged volumes are."""

    node: str
    folder: Path
    by_name: Mapping[str, NamedDriver] = EMPTY

    def find(self, name: str) -> NamedDriver:
        """Raises `VolumeFailure`, as the kubelet says it, where no plugin brings the driver."""
        try:
            return self.by_name[name]
        except KeyError:
            known = ", ".join(sorted(self.by_name)) or "none"
            raise VolumeFailure(
                f"driver name {name} not found in the list of registered CSI drivers (plugins bring them here: {known})"
            ) from None

    def provisioners(self) -> dict[str, Provisioner]:
        """Those that make volumes for claims."""
        return {
            name: CsiProvisioner(name, named.driver, named.run)
            for name, named in self.by_name.items()
            if isinstance(named.driver, ProvisioningCsiDriver)
        }


def make_csi_drivers(plugins: Plugins, node: str, folder: Path) -> CsiDrivers:
    """Each with a folder of its own below ``folder``. Raises `ConfigError` that names the plugin whose driver is none."""
    made = {}
    for part in plugins.registry.csi_drivers:
        driver = part.make(CsiSettings(node=node, folder=folder / "drivers" / part.name))
        made[part.name] = NamedDriver(part.name, driver, calls_of(plugins, part, f"the CSI driver {part.name}", SLOW))
    return CsiDrivers(node, folder / "staged", made)
