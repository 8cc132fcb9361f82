"""fsGroup: given once, to what is in the volume, and to nothing that pods have put links to."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.security import PodSecurityContext
from sampan.core.model.core_v1.volume import EmptyDirVolumeSource, Volume
from sampan.core.node.ownership import give_to_group
from sampan.core.testing.volume_contract import VolumeBench
from sampan.volumes.empty_dir import EmptyDir
from tests.support.needs import needs

pytestmark = [pytest.mark.root, needs(os.geteuid() == 0, "giving files away needs root")]

GROUP = 2345
ROUNDS = 500


def pod(policy: str | None = None) -> Pod:
    return Pod(spec=PodSpec(security_context=PodSecurityContext(fs_group=GROUP, fs_group_change_policy=policy)))


def about(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_gid, stat.S_IMODE(found.st_mode)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    (tmp_path / "volume" / "folder").mkdir(parents=True)
    (tmp_path / "volume" / "folder" / "file").write_text("x")
    (tmp_path / "volume" / "folder" / "file").chmod(0o600)
    (tmp_path / "secret").write_text("the host's")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "folder-of-the-host").mkdir(mode=0o700)
    (tmp_path / "folder-of-the-host" / "secret").write_text("the host's")
    (tmp_path / "folder-of-the-host" / "secret").chmod(0o600)
    return tmp_path / "volume"


def untouched(folder: Path) -> bool:
    return (
        about(folder / "secret") == (0, 0o600)
        and about(folder / "folder-of-the-host") == (0, 0o700)
        and about(folder / "folder-of-the-host" / "secret") == (0, 0o600)
    )


def test_everything_in_the_volume_is_given(volume: Path) -> None:
    give_to_group(pod(), volume)
    assert about(volume / "folder" / "file") == (GROUP, 0o660)
    assert about(volume / "folder") == (GROUP, 0o2775)
    assert about(volume)[0] == GROUP


def test_what_is_right_already_is_left_alone_on_request(volume: Path) -> None:
    give_to_group(pod(), volume)
    os.chown(volume / "folder" / "file", 0, 0)
    give_to_group(pod("OnRootMismatch"), volume)
    assert about(volume / "folder" / "file")[0] == 0
    give_to_group(pod("Always"), volume)
    assert about(volume / "folder" / "file")[0] == GROUP


def test_links_lead_to_nothing_of_the_host(volume: Path) -> None:
    (volume / "file-link").symlink_to("../secret")
    (volume / "folder-link").symlink_to(volume.parent / "folder-of-the-host")
    give_to_group(pod(), volume)
    assert untouched(volume.parent)
    assert (volume / "file-link").lstat().st_gid == GROUP


def test_a_restart_of_the_control_plane_gives_nothing_again(volume: Path, tmp_path: Path) -> None:
    bench = VolumeBench(tmp_path / "pod")
    spec = {"security_context": PodSecurityContext(fs_group=GROUP)}
    context = bench.context(Volume(name="cache", empty_dir=EmptyDirVolumeSource()), spec=spec)
    path = EmptyDir().publish(context).host_path
    assert about(path) == (GROUP, 0o2777)
    (path / "mine").write_text("x")
    os.chown(path / "mine", 1000, 1000)
    (path / "mine").chmod(0o600)
    EmptyDir().publish(context)
    assert about(path / "mine") == (1000, 0o600)
    EmptyDir().unpublish(context.directory)


SWAPPER = """
import os, sys
volume, host = sys.argv[1:]
print("ready", flush=True)
while True:
    os.rename(f"{volume}/folder", f"{volume}/aside")
    os.symlink(host, f"{volume}/folder")
    os.unlink(f"{volume}/folder")
    os.rename(f"{volume}/aside", f"{volume}/folder")
"""


def test_who_swaps_folders_for_links_meanwhile_gains_nothing(volume: Path) -> None:
    command = [sys.executable, "-c", SWAPPER, str(volume), str(volume.parent / "folder-of-the-host")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as attacker:
        assert attacker.stdout
        attacker.stdout.readline()
        try:
            for _ in range(ROUNDS):
                give_to_group(pod(), volume)
                assert untouched(volume.parent)
            assert attacker.poll() is None
        finally:
            attacker.kill()
