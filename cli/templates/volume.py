"""A volume driver: pods and claims that name ``ferry.example.com`` get folders with a file for each attribute."""

from __future__ import annotations

from pathlib import Path

from sampan.plugin import CsiDriverBase, CsiRequest, Registry, hookimpl


class Ferry(CsiDriverBase):
    """Folders with a file for each attribute.

    Blocking code: it is called in threads. `sampan.plugin.CsiDriver` has the other methods that may be written.
    """

    def fill(self, request: CsiRequest, folder: Path) -> None:
        """Make what the pod finds in the volume. A `VolumeFailure` becomes an event, and it is tried again."""
        for name, text in request.attributes.items():
            (folder / Path(name).name).write_text(text)


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.csi_driver("ferry.example.com", Ferry)
