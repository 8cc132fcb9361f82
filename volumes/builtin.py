"""The volume drivers that come with sampan, entered by the name of the volume's member in the pod spec.

Loaded through the entry-point group ``sampan`` like any outside plugin; a driver's module is imported when it is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sampan.core.hooks import hookimpl

if TYPE_CHECKING:
    from sampan.core.contracts.provisioner import Provisioner, ProvisionerSettings
    from sampan.core.contracts.volume import VolumeDriver
    from sampan.core.registry import Registry


def make_empty_dir() -> VolumeDriver:
    """A folder that lives as long as the pod; on tmpfs with ``medium: Memory``."""
    from sampan.volumes.empty_dir import EmptyDir

    return EmptyDir()


def make_host_path() -> VolumeDriver:
    """A file or folder of the node."""
    from sampan.volumes.host_path import HostPath

    return HostPath()


def make_config_map() -> VolumeDriver:
    """The keys of a ConfigMap as files."""
    from sampan.volumes.written import ConfigMapVolume

    return ConfigMapVolume()


def make_secret() -> VolumeDriver:
    """The keys of a Secret as files."""
    from sampan.volumes.written import SecretVolume

    return SecretVolume()


def make_downward_api() -> VolumeDriver:
    """Fields of the pod as files."""
    from sampan.volumes.written import DownwardAPIVolume

    return DownwardAPIVolume()


def make_projected() -> VolumeDriver:
    """Several of these sources in one folder."""
    from sampan.volumes.written import ProjectedVolume

    return ProjectedVolume()


def make_claimed() -> VolumeDriver:
    """What a PersistentVolumeClaim is bound to."""
    from sampan.volumes.persistent import ClaimedVolume

    return ClaimedVolume()


def make_ephemeral() -> VolumeDriver:
    """A claim of the pod's own."""
    from sampan.volumes.persistent import EphemeralClaimVolume

    return EphemeralClaimVolume()


def make_image() -> VolumeDriver:
    """The files of an image."""
    from sampan.volumes.image import ImageVolume

    return ImageVolume()


def make_local_path(settings: ProvisionerSettings) -> Provisioner:
    """A folder of the node for each claim."""
    from sampan.volumes.local_path import LocalPath

    return LocalPath(settings)


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.volume_driver("emptyDir", make_empty_dir)
    registry.volume_driver("hostPath", make_host_path)
    registry.volume_driver("configMap", make_config_map)
    registry.volume_driver("secret", make_secret)
    registry.volume_driver("downwardAPI", make_downward_api)
    registry.volume_driver("projected", make_projected)
    registry.volume_driver("persistentVolumeClaim", make_claimed)
    registry.volume_driver("ephemeral", make_ephemeral)
    registry.volume_driver("image", make_image)
    registry.provisioner("sampan.io/local-path", make_local_path)
