"""``emptyDir``: a folder that lives as long as the pod, through all restarts of its containers.

``medium: Memory`` is a tmpfs of its own, bounded by ``sizeLimit``, where mounting is allowed; otherwise a folder on the
machine's shared tmpfs, whose size nobody bounds. https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeFailure
from sampan.core.host.disk_usage import disk_usage
from sampan.core.model.core_v1.volume import EmptyDirVolumeSource
from sampan.core.model.quantity import value
from sampan.core.node.mounts import may_mount, mount_tmpfs, remove_tree
from sampan.core.node.ownership import give_to_group

SHARED_MEMORY = Path("/dev/shm")
FOR_EVERYBODY = 0o777


class EmptyDir:
    field = "empty_dir"

    def publish(self, context: VolumeContext) -> PublishedVolume:
        source = context.volume.empty_dir or EmptyDirVolumeSource()
        if source.medium not in (None, "", "Memory"):
            raise VolumeFailure(f'unknown storage medium "{source.medium}"')
        in_memory = source.medium == "Memory" and may_mount()
        if not context.directory.exists():
            self._make(context, source)
        if in_memory and not os.path.ismount(context.directory):  # the machine was started anew
            mount_tmpfs(context.directory, value(source.size_limit) if source.size_limit else 0)
            give_to_group(context.pod, context.directory)
        return PublishedVolume(host_path=context.directory.resolve())

    def _make(self, context: VolumeContext, source: EmptyDirVolumeSource) -> None:
        directory = context.directory
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.unlink(missing_ok=True)
        if source.medium == "Memory" and not may_mount():
            self._make_in_shared_memory(context, source)
            return
        # Made under another name first: a folder that is there is taken for finished.
        unfinished = Path(tempfile.mkdtemp(prefix=".", dir=directory.parent))
        unfinished.chmod(FOR_EVERYBODY)
        give_to_group(context.pod, unfinished)
        unfinished.rename(directory)

    def _make_in_shared_memory(self, context: VolumeContext, source: EmptyDirVolumeSource) -> None:
        if not os.access(SHARED_MEMORY, os.W_OK):
            raise VolumeFailure(f"medium Memory needs root, or a tmpfs at {SHARED_MEMORY} that all may write to")
        if source.size_limit:
            context.warn(
                f"spec.volumes: the sizeLimit of {context.volume.name} is not enforced: mounting a tmpfs needs root"
            )
        target = Path(tempfile.mkdtemp(prefix="sampan-", dir=SHARED_MEMORY))
        target.chmod(FOR_EVERYBODY)
        context.directory.symlink_to(target)

    def refresh(self, context: VolumeContext) -> None:
        """Nothing changes from outside."""

    def usage(self, directory: Path) -> int:
        """A tmpfs is memory, and bounds itself."""
        return 0 if directory.is_symlink() or os.path.ismount(directory) else disk_usage(directory)

    def unpublish(self, directory: Path) -> None:
        remove_tree(directory)
