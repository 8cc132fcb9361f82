"""configMap, secret, downwardAPI and projected: which files there are, and how they change."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sampan.core.contracts.volume import VolumeFailure
from sampan.core.model.core_v1.configuration import ConfigMap, Secret
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.projection import (
    ConfigMapProjection,
    ConfigMapVolumeSource,
    DownwardAPIProjection,
    DownwardAPIVolumeFile,
    DownwardAPIVolumeSource,
    KeyToPath,
    ProjectedVolumeSource,
    SecretVolumeSource,
    ServiceAccountTokenProjection,
    VolumeProjection,
)
from sampan.core.model.core_v1.references import ObjectFieldSelector, ResourceFieldSelector
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.core_v1.volume import Volume
from sampan.core.model.meta import Quantity
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.testing.volume_contract import VolumeBench
from sampan.volumes.written import ConfigMapVolume, DownwardAPIVolume, ProjectedVolume, SecretVolume


def config(**data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="config", namespace="default"), data=data, binary_data={"b": b"\xff"})


def config_volume(*items: KeyToPath, optional: bool | None = None, mode: int | None = None) -> Volume:
    source = ConfigMapVolumeSource(name="config", items=items, optional=optional, default_mode=mode)
    return Volume(name="v", config_map=source)


def contents(path: Path) -> dict[str, bytes]:
    """What a pod that follows the links sees."""
    return {
        str(Path(folder, name).relative_to(path)): Path(folder, name).read_bytes()
        for folder, _, names in os.walk(path, followlinks=True)
        if not Path(folder).relative_to(path).parts[:1] or not Path(folder).relative_to(path).parts[0].startswith("..")
        for name in names
        if not name.startswith("..")
    }


def test_every_key_is_a_file(tmp_path: Path) -> None:
    context = VolumeBench(tmp_path, [config(a="1", c="3")]).context(config_volume(mode=0o400))
    published = ConfigMapVolume().publish(context)
    assert published.read_only
    assert contents(published.host_path) == {"a": b"1", "b": b"\xff", "c": b"3"}
    assert stat.S_IMODE((published.host_path / "a").stat().st_mode) == 0o400


def test_items_choose_keys_paths_and_modes(tmp_path: Path) -> None:
    items = (KeyToPath(key="a", path="etc/deep/a.conf"), KeyToPath(key="c", path="c", mode=0o600))
    path = ConfigMapVolume().publish(VolumeBench(tmp_path, [config(a="1", c="3")]).context(config_volume(*items)))
    assert contents(path.host_path) == {"etc/deep/a.conf": b"1", "c": b"3"}
    assert stat.S_IMODE((path.host_path / "c").stat().st_mode) == 0o600
    assert stat.S_IMODE((path.host_path / "etc/deep/a.conf").stat().st_mode) == 0o644


def test_a_change_comes_in_as_one_swap_of_a_link(tmp_path: Path) -> None:
    bench = VolumeBench(tmp_path, [config(a="1", gone="x")])
    context = bench.context(config_volume())
    path = ConfigMapVolume().publish(context).host_path
    before = os.readlink(path / "..data")
    bench.put(config(a="2", new="y"))
    ConfigMapVolume().refresh(context)
    assert contents(path) == {"a": b"2", "b": b"\xff", "new": b"y"}
    assert os.readlink(path / "..data") != before
    assert os.readlink(path / "a") == "..data/a"
    assert not (path / before).exists()
    assert not (path / "gone").is_symlink()


def test_a_folder_that_no_key_stands_for_keeps_no_change_out(tmp_path: Path) -> None:
    """A subPath with a typing error makes one; so does a mount point for another volume."""
    bench = VolumeBench(tmp_path, [config(a="1")])
    context = bench.context(config_volume())
    path = ConfigMapVolume().publish(context).host_path
    (path / "typo").mkdir()
    (path / "taken").mkdir()
    (path / "taken" / "inner").mkdir()
    bench.put(config(a="2", typo="now a key", taken="a key too"))
    ConfigMapVolume().refresh(context)
    assert (path / "a").read_bytes() == b"2"
    assert (path / "typo").read_bytes() == b"now a key"
    assert (path / "taken" / "inner").is_dir()
    bench.put(config(a="3"))
    ConfigMapVolume().publish(context)
    assert (path / "a").read_bytes() == b"3"
    assert not (path / "typo").exists()
    assert (path / "taken" / "inner").is_dir()


def test_a_restart_in_the_midst_of_a_change_is_mended(tmp_path: Path) -> None:
    context = VolumeBench(tmp_path, [config(a="1")]).context(config_volume())
    path = ConfigMapVolume().publish(context).host_path
    (path / "a").unlink()
    (path / "..data_tmp").symlink_to("nowhere")
    ConfigMapVolume().publish(context)
    assert contents(path) == {"a": b"1", "b": b"\xff"}


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        (Volume(name="v", config_map=ConfigMapVolumeSource(name="none")), 'configmap "none" not found'),
        (Volume(name="v", secret=SecretVolumeSource(secret_name="none")), 'secret "none" not found'),
        (config_volume(KeyToPath(key="no", path="x")), "configmap references non-existent config key: no"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, volume: Volume, message: str) -> None:
    driver = SecretVolume() if volume.secret else ConfigMapVolume()
    with pytest.raises(VolumeFailure, match=f"^{message}$"):
        driver.publish(VolumeBench(tmp_path, [config(a="1")]).context(volume))


def test_what_is_optional_may_be_missing(tmp_path: Path) -> None:
    volume = Volume(name="v", config_map=ConfigMapVolumeSource(name="none", optional=True))
    path = ConfigMapVolume().publish(VolumeBench(tmp_path).context(volume)).host_path
    assert contents(path) == {}


def test_secrets_are_bytes(tmp_path: Path) -> None:
    secret = Secret(metadata=ObjectMeta(name="s", namespace="default"), data={"key": b"\x00\xff"})
    volume = Volume(name="v", secret=SecretVolumeSource(secret_name="s"))
    path = SecretVolume().publish(VolumeBench(tmp_path, [secret]).context(volume)).host_path
    assert contents(path) == {"key": b"\x00\xff"}


def test_the_downward_api_writes_fields_and_resources(tmp_path: Path) -> None:
    limits = ResourceRequirements(limits={"cpu": Quantity("1500m")})
    containers = (Container(name="main", resources=limits),)

    def resource(name: str, divisor: str | None = None) -> ResourceFieldSelector:
        return ResourceFieldSelector(
            container_name="main", resource=name, divisor=Quantity(divisor) if divisor else None
        )

    items = (
        DownwardAPIVolumeFile(path="labels", field_ref=ObjectFieldSelector(field_path="metadata.labels")),
        DownwardAPIVolumeFile(path="cpu", resource_field_ref=resource("limits.cpu", "1m")),
        DownwardAPIVolumeFile(path="memory", resource_field_ref=resource("limits.memory", "1Mi")),
    )
    volume = Volume(name="v", downward_api=DownwardAPIVolumeSource(items=items))
    context = VolumeBench(tmp_path).context(
        volume,
        spec={"containers": containers},
        metadata={"labels": {"b": 'say "hi"', "a": "1"}},
        allocatable={"memory": "1Gi"},
    )
    path = DownwardAPIVolume().publish(context).host_path
    assert contents(path) == {"labels": b'a="1"\nb="say \\"hi\\""', "cpu": b"1500", "memory": b"1024"}


def service_account_volume() -> Volume:
    """As admission mounts it into every pod."""
    namespace = DownwardAPIVolumeFile(path="namespace", field_ref=ObjectFieldSelector(field_path="metadata.namespace"))
    sources = (
        VolumeProjection(service_account_token=ServiceAccountTokenProjection(path="token", expiration_seconds=3607)),
        VolumeProjection(config_map=ConfigMapProjection(name="config", items=(KeyToPath(key="a", path="ca.crt"),))),
        VolumeProjection(downward_api=DownwardAPIProjection(items=(namespace,))),
    )
    return Volume(name="kube-api-access-x", projected=ProjectedVolumeSource(sources=sources))


def test_a_projected_volume_joins_its_sources(tmp_path: Path) -> None:
    asked = []

    def token(audience: str, seconds: int) -> str:
        asked.append((audience, seconds))
        return "secret-token"

    context = VolumeBench(tmp_path, [config(a="CA")]).context(service_account_volume(), token=token)
    path = ProjectedVolume().publish(context).host_path
    assert contents(path) == {"token": b"secret-token", "ca.crt": b"CA", "namespace": b"default"}
    assert asked == [("", 3607)]


def test_without_tokens_in_the_api_the_file_is_left_out_with_a_warning(tmp_path: Path) -> None:
    bench = VolumeBench(tmp_path, [config(a="CA")])
    path = ProjectedVolume().publish(bench.context(service_account_volume())).host_path
    assert contents(path) == {"ca.crt": b"CA", "namespace": b"default"}
    assert bench.warnings == [
        "spec.volumes: kube-api-access-x has no token: this API server issues no service account tokens"
    ]
