"""Volumes of the class local-path: a folder each, kept until they are deleted, and never anything else's."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sampan.core.contracts.provisioner import ProvisionerSettings, ProvisioningFailure, ProvisionRequest
from sampan.core.model.core_v1.persistent_volume import PersistentVolume, PersistentVolumeSpec
from sampan.core.model.core_v1.persistent_volume_sources import LocalVolumeSource
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.testing.provisioner_contract import ProvisionerContract
from sampan.volumes.local_path import LocalPath


class TestContract(ProvisionerContract):
    def make(self, settings: ProvisionerSettings) -> LocalPath:
        return LocalPath(settings)


@pytest.fixture
def provisioner(tmp_path: Path) -> LocalPath:
    return LocalPath(ProvisionerSettings(node="n1", folder=tmp_path / "volumes"))


def request(size: int = 1 << 20, **parameters: str) -> ProvisionRequest:
    return ProvisionRequest(name="pvc-1", size=size, parameters=parameters)


def volume(path: str, name: str = "pvc-1") -> PersistentVolume:
    spec = PersistentVolumeSpec(local=LocalVolumeSource(path=path))
    return PersistentVolume(metadata=ObjectMeta(name=name), spec=spec)


def test_a_volume_is_a_folder_that_everybody_may_write_to(provisioner: LocalPath) -> None:
    path = Path(provisioner.provision(request())["local"].path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o777
    (path / "data").write_text("x")
    assert Path(provisioner.provision(request())["local"].path) == path
    assert (path / "data").exists()
    for _ in range(2):
        provisioner.delete(volume(str(path)))
    assert not path.exists()


def test_what_cannot_be_had_is_refused(provisioner: LocalPath) -> None:
    with pytest.raises(ProvisioningFailure, match="more than the node's whole disk"):
        provisioner.provision(request(size=1 << 60))
    with pytest.raises(ProvisioningFailure, match="knows no parameters: type"):
        provisioner.provision(request(type="ssd"))
    path = provisioner.provision(request())["local"].path
    with pytest.raises(ProvisioningFailure, match="disk is smaller"):
        provisioner.expand(volume(path), 1 << 60)
    provisioner.expand(volume(path), 2 << 20)


def test_nothing_but_its_own_folder_is_ever_deleted(provisioner: LocalPath, tmp_path: Path) -> None:
    """Who may write PersistentVolumes must not be able to delete folders of the node by them."""
    precious = tmp_path / "precious"
    precious.mkdir()
    names = [("pvc-1", str(precious)), ("../precious", f"{tmp_path}/volumes/../precious"), ("", str(tmp_path))]
    for name, path in names:
        with pytest.raises(ProvisioningFailure, match="is not where"):
            provisioner.delete(volume(path, name))
    assert precious.is_dir()
