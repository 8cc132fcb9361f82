"""hostPath: each type's check, with Kubernetes' words."""

from __future__ import annotations

import os
import re
import socket
import stat
from pathlib import Path

import pytest

from sampan.core.contracts.volume import VolumeFailure
from sampan.core.model.core_v1.volume import HostPathVolumeSource, Volume
from sampan.core.testing.volume_contract import VolumeBench
from sampan.volumes.host_path import HostPath


def publish(tmp_path: Path, path: Path, sort: str) -> Path:
    volume = Volume(name="v", host_path=HostPathVolumeSource(path=str(path), type=sort))
    return HostPath().publish(VolumeBench(tmp_path / "pod").context(volume)).host_path


@pytest.fixture
def things(tmp_path: Path) -> dict[str, Path]:
    """One of each sort that needs no root."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    paths = {name: tmp_path / name for name in ("folder", "file", "socket", "nothing")}
    return paths | {"chardevice": Path("/dev/null")}


@pytest.mark.parametrize(
    ("sort", "thing"),
    [
        ("", "folder"),
        ("", "file"),
        ("Directory", "folder"),
        ("DirectoryOrCreate", "folder"),
        ("DirectoryOrCreate", "nothing"),
        ("File", "file"),
        ("FileOrCreate", "file"),
        ("FileOrCreate", "nothing"),
        ("Socket", "socket"),
        ("CharDevice", "chardevice"),
    ],
)
def test_what_is_as_its_type_says_is_published_as_it_is(
    tmp_path: Path, things: dict[str, Path], sort: str, thing: str
) -> None:
    assert publish(tmp_path, things[thing], sort) == things[thing]
    assert things[thing].exists()


@pytest.mark.parametrize(
    ("sort", "thing", "what"),
    [
        ("Directory", "file", "a directory"),
        ("Directory", "nothing", "a directory"),
        ("DirectoryOrCreate", "file", "a directory"),
        ("File", "folder", "a file"),
        ("File", "nothing", "a file"),
        ("FileOrCreate", "folder", "a file"),
        ("Socket", "file", "a socket file"),
        ("CharDevice", "file", "a character device"),
        ("BlockDevice", "file", "a block device"),
    ],
)
def test_what_is_not_is_refused(tmp_path: Path, things: dict[str, Path], sort: str, thing: str, what: str) -> None:
    words = re.escape(f"hostPath type check failed: {things[thing]} is not {what}")
    with pytest.raises(VolumeFailure, match=f"^{words}$"):
        publish(tmp_path, things[thing], sort)


def test_a_folder_made_for_a_pod_has_the_usual_mode(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        path = publish(tmp_path, tmp_path / "deep" / "down", "DirectoryOrCreate")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_a_file_is_made_in_a_folder_that_is_there_only(tmp_path: Path) -> None:
    with pytest.raises(VolumeFailure, match="No such file or directory"):
        publish(tmp_path, tmp_path / "deep" / "file", "FileOrCreate")


@pytest.mark.parametrize("path", ["relative", "./x", "x/y"])
def test_a_path_must_be_absolute(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to what? The folder that sampan was started in is nobody's business."""
    monkeypatch.chdir(tmp_path)
    volume = Volume(name="v", host_path=HostPathVolumeSource(path=path))
    with pytest.raises(VolumeFailure, match="is not an absolute path"):
        HostPath().publish(VolumeBench(tmp_path).context(volume))
    assert list(tmp_path.iterdir()) == []
