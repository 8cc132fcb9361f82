"""``image``: the files of an image or OCI artifact, read-only. Pulled by the node agent, shown by the runtime.

https://kubernetes.io/docs/concepts/storage/volumes/#image
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeFailure


class ImageVolume:
    field = "image"

    def publish(self, context: VolumeContext) -> PublishedVolume:
        """Whether it can be had is found out when a container that mounts it starts, and told as of its own image."""
        reference = context.volume.image.reference if context.volume.image is not None else None
        if not reference:
            raise VolumeFailure("it names no image")
        context.directory.mkdir(parents=True, exist_ok=True)
        return PublishedVolume(host_path=context.directory, image=reference, read_only=True, mount_points=False)

    def refresh(self, context: VolumeContext) -> None:
        """A container keeps the image that it was started with."""

    def usage(self, directory: Path) -> int:
        """An image is the node's, not the pod's."""
        return 0

    def unpublish(self, directory: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            directory.rmdir()
