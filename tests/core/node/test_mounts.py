"""Which folder or file of a volume is mounted, and where."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sampan.core.contracts.volume import PublishedVolume
from sampan.core.model.core_v1.container import Container, VolumeMount
from sampan.core.node.config.environment import ContainerConfigProblem
from sampan.core.node.config.mounts import container_mounts, prepare_sub_path


class TestSubPath:
    @pytest.fixture
    def volume(self, tmp_path: Path) -> Path:
        (tmp_path / "volume" / "real").mkdir(parents=True)
        (tmp_path / "volume" / "inside").symlink_to("real")
        (tmp_path / "volume" / "outside").symlink_to("../secret")
        (tmp_path / "volume" / "absolute").symlink_to("/etc")
        (tmp_path / "secret").mkdir()
        return tmp_path / "volume"

    def test_what_is_there_is_taken_through_links_within_the_volume(self, volume: Path) -> None:
        before = sorted(volume.rglob("*"))
        prepare_sub_path(volume, "inside", "it")
        assert sorted(volume.rglob("*")) == before

    @pytest.mark.parametrize("mode", [0o777, 0o2777, 0o3777, 0o755])
    def test_missing_folders_are_made_with_the_volumes_own_mode(self, volume: Path, mode: int) -> None:
        volume.chmod(mode)
        prepare_sub_path(volume, "inside/new/deep", "it")
        made = (volume / "real/new", volume / "real/new/deep")
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [mode, mode]

    @pytest.mark.parametrize("path", ["outside", "outside/x", "absolute", "absolute/passwd", "../secret", "/etc"])
    def test_nothing_leads_out_of_the_volume(self, volume: Path, path: str) -> None:
        with pytest.raises(ContainerConfigProblem):
            prepare_sub_path(volume, path, "it")
        assert list((volume.parent / "secret").iterdir()) == []

    def test_a_mount_takes_its_sub_path_from_the_environment(self, volume: Path) -> None:
        mount = VolumeMount(name="v", mount_path="/data", sub_path_expr="$(WHO)/x", read_only=True)
        container = Container(name="main", volume_mounts=(mount,))
        published = {"v": PublishedVolume(host_path=volume)}
        (made,) = container_mounts(container, published, {"WHO": "real"})
        assert (made.host_path, made.sub_path, made.container_path) == (str(volume), "real/x", "/data")
        assert made.read_only
        with pytest.raises(ContainerConfigProblem, match="missing value"):
            container_mounts(container, published, {})


class TestMountsInsideOfMounts:
    """A container cannot make the place for a volume inside of one that is read-only to it."""

    @pytest.fixture
    def volumes(self, tmp_path: Path) -> dict[str, PublishedVolume]:
        for name in ("outer", "inner", "host"):
            (tmp_path / name).mkdir()
        (tmp_path / "inner" / "file").write_text("x")
        return {
            "outer": PublishedVolume(host_path=tmp_path / "outer", read_only=True),
            "inner": PublishedVolume(host_path=tmp_path / "inner", read_only=True),
            "host": PublishedVolume(host_path=tmp_path / "host", mount_points=False),
        }

    def places(self, volumes: dict[str, PublishedVolume], *mounts: VolumeMount) -> list[str]:
        container_mounts(Container(name="main", volume_mounts=mounts), volumes, {})
        root = volumes[mounts[0].name].host_path
        return sorted(f"{path.relative_to(root)}{'/' if path.is_dir() else ''}" for path in root.rglob("*"))

    def test_a_folder_and_a_file_are_made_where_they_are_mounted(self, volumes: dict[str, PublishedVolume]) -> None:
        outer = VolumeMount(name="outer", mount_path="/etc/app")
        folder = VolumeMount(name="inner", mount_path="/etc/app/sites/d")
        file = VolumeMount(name="inner", mount_path="/etc/app/conf/one", sub_path="file")
        assert self.places(volumes, outer, folder, file) == ["conf/", "conf/one", "sites/", "sites/d/"]
        assert self.places(volumes, outer, folder, file) == ["conf/", "conf/one", "sites/", "sites/d/"]

    def test_only_the_volume_around_it_gets_the_place(self, volumes: dict[str, PublishedVolume]) -> None:
        outer = VolumeMount(name="outer", mount_path="/a")
        between = VolumeMount(name="inner", mount_path="/a/b")
        beside = VolumeMount(name="inner", mount_path="/ab/c")
        innermost = VolumeMount(name="inner", mount_path="/a/b/c")
        assert self.places(volumes, outer, between, beside, innermost) == ["b/"]
        assert (volumes["inner"].host_path / "c").is_dir()

    def test_nothing_is_made_in_the_hosts_own_folders(self, volumes: dict[str, PublishedVolume]) -> None:
        outer = VolumeMount(name="host", mount_path="/a", read_only=True)
        assert self.places(volumes, outer, VolumeMount(name="inner", mount_path="/a/b")) == []

    def test_a_link_in_the_way_leads_nowhere(self, volumes: dict[str, PublishedVolume], tmp_path: Path) -> None:
        (volumes["outer"].host_path / "out").symlink_to("../host")
        outer = VolumeMount(name="outer", mount_path="/a")
        with pytest.raises(ContainerConfigProblem, match="mount point for /a/out/b"):
            self.places(volumes, outer, VolumeMount(name="inner", mount_path="/a/out/b"))
        assert list((tmp_path / "host").iterdir()) == []
