"""``configMap``, ``secret``, ``downwardAPI`` and ``projected``: folders whose files the node agent writes.

Each driver says which files there are; writing them atomically is the same for all. The files lie in the data directory,
which only its owner may enter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from sampan.core.contracts.volume import PublishedVolume, VolumeContext, VolumeFailure
from sampan.core.host.disk_usage import disk_usage
from sampan.core.model.core_v1.projection import (
    ConfigMapVolumeSource,
    DownwardAPIVolumeSource,
    ProjectedVolumeSource,
    SecretVolumeSource,
    VolumeProjection,
)
from sampan.core.node.mounts import remove_tree
from sampan.core.node.ownership import give_to_group
from sampan.volumes.atomic import write_files
from sampan.volumes.payload import (
    DEFAULT_MODE,
    Payload,
    config_map_files,
    downward_files,
    secret_files,
    token_files,
)


class WrittenVolume(ABC):
    """A volume made of files that are written again when what they hold changes."""

    field: str

    @abstractmethod
    def files(self, context: VolumeContext) -> Payload:
        """What the folder is to hold. Raises `VolumeFailure`."""

    def publish(self, context: VolumeContext) -> PublishedVolume:
        self.refresh(context)
        return PublishedVolume(host_path=context.directory, read_only=True)

    def refresh(self, context: VolumeContext) -> None:
        files = self.files(context)
        try:
            changed = write_files(context.directory, files)
        except OSError as exc:
            raise VolumeFailure(f"error writing payload to {context.directory}: {exc.strerror}") from exc
        if changed:
            give_to_group(context.pod, context.directory, read_only=True)

    def usage(self, directory: Path) -> int:
        return disk_usage(directory)

    def unpublish(self, directory: Path) -> None:
        remove_tree(directory)


class ConfigMapVolume(WrittenVolume):
    field = "config_map"

    def files(self, context: VolumeContext) -> Payload:
        source = context.volume.config_map or ConfigMapVolumeSource()
        mode = DEFAULT_MODE if source.default_mode is None else source.default_mode
        return config_map_files(context, source.name or "", source.items, mode, bool(source.optional))


class SecretVolume(WrittenVolume):
    field = "secret"

    def files(self, context: VolumeContext) -> Payload:
        source = context.volume.secret or SecretVolumeSource()
        mode = DEFAULT_MODE if source.default_mode is None else source.default_mode
        return secret_files(context, source.secret_name or "", source.items, mode, bool(source.optional))


class DownwardAPIVolume(WrittenVolume):
    field = "downward_api"

    def files(self, context: VolumeContext) -> Payload:
        source = context.volume.downward_api or DownwardAPIVolumeSource()
        mode = DEFAULT_MODE if source.default_mode is None else source.default_mode
        return downward_files(context, source.items, mode)


class ProjectedVolume(WrittenVolume):
    field = "projected"

    def files(self, context: VolumeContext) -> Payload:
        source = context.volume.projected or ProjectedVolumeSource()
        mode = DEFAULT_MODE if source.default_mode is None else source.default_mode
        payload: Payload = {}
        for projection in source.sources:
            payload |= self._of(context, projection, mode)
        return payload

    def _of(self, context: VolumeContext, part: VolumeProjection, mode: int) -> Payload:
        if (config := part.config_map) is not None:
            return config_map_files(context, config.name or "", config.items, mode, bool(config.optional))
        if (secret := part.secret) is not None:
            return secret_files(context, secret.name or "", secret.items, mode, bool(secret.optional))
        if part.downward_api is not None:
            return downward_files(context, part.downward_api.items, mode)
        if part.service_account_token is not None:
            return token_files(context, part.service_account_token, mode)
        raise VolumeFailure("projected sources clusterTrustBundle and podCertificate are not supported")
