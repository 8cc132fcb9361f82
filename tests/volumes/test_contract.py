"""The volume driver contract, on every built-in driver."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sampan.core.contracts.volume import VolumeDriver
from sampan.core.model.core_v1.configuration import ConfigMap, Secret
from sampan.core.model.core_v1.projection import (
    ConfigMapVolumeSource,
    DownwardAPIVolumeFile,
    DownwardAPIVolumeSource,
    ProjectedVolumeSource,
    SecretProjection,
    SecretVolumeSource,
    VolumeProjection,
)
from sampan.core.model.core_v1.references import ObjectFieldSelector
from sampan.core.model.core_v1.volume import EmptyDirVolumeSource, HostPathVolumeSource, Volume
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.testing.volume_contract import VolumeContract
from sampan.volumes.empty_dir import EmptyDir
from sampan.volumes.host_path import HostPath
from sampan.volumes.written import ConfigMapVolume, DownwardAPIVolume, ProjectedVolume, SecretVolume

META = ObjectMeta(name="config", namespace="default")


class TestEmptyDir(VolumeContract):
    def make_driver(self) -> VolumeDriver:
        return EmptyDir()

    def make_volume(self, tmp_path: Path) -> Volume:
        return Volume(name="v", empty_dir=EmptyDirVolumeSource())


class TestEmptyDirInMemory(TestEmptyDir):
    takes_disk = False

    def make_volume(self, tmp_path: Path) -> Volume:
        return Volume(name="v", empty_dir=EmptyDirVolumeSource(medium="Memory"))


class TestHostPath(VolumeContract):
    owns_data = False
    takes_disk = False

    def make_driver(self) -> VolumeDriver:
        return HostPath()

    def make_volume(self, tmp_path: Path) -> Volume:
        return Volume(name="v", host_path=HostPathVolumeSource(path=str(tmp_path / "data"), type="DirectoryOrCreate"))


class TestConfigMap(VolumeContract):
    keeps_data = False

    def make_driver(self) -> VolumeDriver:
        return ConfigMapVolume()

    def make_volume(self, tmp_path: Path) -> Volume:
        return Volume(name="v", config_map=ConfigMapVolumeSource(name="config"))

    def objects(self) -> Iterable[KubeObject]:
        yield ConfigMap(metadata=META, data={"a": "1"})


class TestSecret(VolumeContract):
    keeps_data = False

    def make_driver(self) -> VolumeDriver:
        return SecretVolume()

    def make_volume(self, tmp_path: Path) -> Volume:
        return Volume(name="v", secret=SecretVolumeSource(secret_name="config"))

    def objects(self) -> Iterable[KubeObject]:
        yield Secret(metadata=META, data={"a": b"1"})


NAME_FILE = DownwardAPIVolumeFile(path="name", field_ref=ObjectFieldSelector(field_path="metadata.name"))


class TestDownwardAPI(VolumeContract):
    keeps_data = False

    def make_driver(self) -> VolumeDriver:
        return DownwardAPIVolume()

    def make_volume(self, tmp_path: Path) -> Volume:
        return Volume(name="v", downward_api=DownwardAPIVolumeSource(items=(NAME_FILE,)))


class TestProjected(VolumeContract):
    keeps_data = False

    def make_driver(self) -> VolumeDriver:
        return ProjectedVolume()

    def make_volume(self, tmp_path: Path) -> Volume:
        sources = (VolumeProjection(secret=SecretProjection(name="config")),)
        return Volume(name="v", projected=ProjectedVolumeSource(sources=sources))

    def objects(self) -> Iterable[KubeObject]:
        yield Secret(metadata=META, data={"a": b"1"})
