"""A volume driver: ``flexVolume`` volumes become folders of the pod's own, with a file for each of their options."""

from __future__ import annotations

from pathlib import Path

from sampan.plugin import Registry, VolumeContext, VolumeDriverBase, VolumeFailure, hookimpl


class Ferry(VolumeDriverBase):
    """Serves one member of ``spec.volumes[]``. Blocking code: it is called in threads."""

    field = "flex_volume"

    def fill(self, context: VolumeContext, folder: Path) -> None:
        """Make what the pod finds in the volume. A `VolumeFailure` becomes an event, and it is tried again."""
        source = context.volume.flex_volume
        if source is None or source.driver != "example.com/ferry":
            raise VolumeFailure(f"there is no driver {source.driver if source else ''}")
        for name, text in source.options.items():
            (folder / Path(name).name).write_text(text)


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.volume_driver("flexVolume", Ferry)
