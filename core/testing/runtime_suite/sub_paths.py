"""Promises about sub-paths of volumes: they show what is asked for, and never anything outside of the volume."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import pytest

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.contracts.runtime_config import Mount
from sampan.core.testing.runtime_suite.bench import Bench, RuntimeBench

SECRET = "what no pod may read"


class SubPathPromises(RuntimeBench):
    sub_path_races: ClassVar[int] = 8
    """How many containers are started while somebody swaps what their sub-path names."""

    @pytest.fixture
    def volume(self, tmp_path: Path) -> Path:
        (tmp_path / "volume" / "real" / "deep").mkdir(parents=True)
        (tmp_path / "volume" / "real" / "deep" / "who").write_text("inside")
        (tmp_path / "volume" / "link").symlink_to("real")
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret" / "who").write_text(SECRET)
        return tmp_path / "volume"

    @pytest.mark.parametrize("sub_path", ["real/deep", "link/deep", "./link/../real/deep"])
    def test_a_sub_path_shows_that_part_of_the_volume(self, real: Bench, volume: Path, sub_path: str) -> None:
        mount = Mount(host_path=str(volume), sub_path=sub_path, container_path="/mnt/part")
        said = real.pod().says("cat /mnt/part/who; echo x >/mnt/part/new", mounts=(mount,))
        assert said == "inside"
        assert (volume / "real" / "deep" / "new").exists()

    def test_a_sub_path_may_be_a_file(self, real: Bench, volume: Path) -> None:
        mount = Mount(host_path=str(volume), sub_path="link/deep/who", container_path="/mnt/part/file", read_only=True)
        assert real.pod().says("cat /mnt/part/file", mounts=(mount,)) == "inside"

    def test_a_file_may_take_the_place_of_one_that_the_image_has(self, real: Bench, volume: Path) -> None:
        mount = Mount(host_path=str(volume), sub_path="real/deep/who", container_path="/etc/group")
        said = real.pod().says("cat /etc/group; ls -d /etc/passwd; echo more >>/etc/group", mounts=(mount,))
        assert said.splitlines() == ["inside/etc/passwd"]
        assert (volume / "real" / "deep" / "who").read_text() == "insidemore\n"

    def test_places_that_the_image_does_not_have_are_made(self, real: Bench, volume: Path) -> None:
        folder = Mount(host_path=str(volume), sub_path="real/deep", container_path="/srv/not/there/folder")
        file = Mount(host_path=str(volume), sub_path="real/deep/who", container_path="/srv/not/there/either/file")
        said = real.pod().says(f"cat {folder.container_path}/who {file.container_path}", mounts=(folder, file))
        assert said == "insideinside"

    def test_a_place_behind_a_link_of_the_image_is_found_within_the_image(self, real: Bench, volume: Path) -> None:
        """``/proc/self/cwd`` and the like aside: ``/var/run`` leads to ``/run`` in most images, and never to the host's."""
        mount = Mount(host_path=str(volume), sub_path="real/deep", container_path="/var/run/secrets/of/sampan")
        said = real.pod().says("cat /var/run/secrets/of/sampan/who", mounts=(mount,))
        assert said == "inside"
        assert not Path("/run/secrets/of/sampan").exists()

    def test_a_folder_cannot_take_the_place_of_a_file(self, real: Bench, volume: Path) -> None:
        mount = Mount(host_path=str(volume), sub_path="real/deep", container_path="/etc/group")
        with pytest.raises(RuntimeFailure):
            real.pod().run(script="true", mounts=(mount,))

    def test_a_file_cannot_take_the_place_of_a_folder(self, real: Bench, volume: Path) -> None:
        mount = Mount(host_path=str(volume), sub_path="real/deep/who", container_path="/etc")
        with pytest.raises(RuntimeFailure):
            real.pod().run(script="true", mounts=(mount,))

    @pytest.mark.parametrize("target", ["../secret", "/etc", "../../../../../etc"])
    def test_a_sub_path_that_leads_out_is_refused(self, real: Bench, volume: Path, target: str) -> None:
        (volume / "out").symlink_to(target)
        mount = Mount(host_path=str(volume), sub_path="out", container_path="/mnt/part")
        with pytest.raises(RuntimeFailure, match="leads out of its volume"):
            real.pod().run(script="true", mounts=(mount,))

    def test_a_folder_that_becomes_a_link_before_the_start_leads_nowhere(self, real: Bench, volume: Path) -> None:
        mount = Mount(host_path=str(volume), sub_path="real", container_path="/mnt/part")
        container = real.pod().create(script="cat /mnt/part/deep/who /mnt/part/who 2>/dev/null", mounts=(mount,))
        (volume / "real").rename(volume / "aside")
        (volume / "real").symlink_to("../secret")
        with suppress(RuntimeFailure):
            real.runtime.start_container(container)
            real.ended(container)
            assert real.output(container) == b"inside"

    def test_who_swaps_folders_and_links_all_the_time_reads_nothing(self, real: Bench, volume: Path) -> None:
        pod = real.pod()
        mount = Mount(host_path=str(volume), sub_path="swapped/x", container_path="/mnt/part")
        with swapping(volume / "swapped", volume.parent / "secret"):
            for number in range(self.sub_path_races):
                try:
                    container = pod.run(f"c{number}", script="ls /mnt/part; cat /mnt/part/who", mounts=(mount,))
                except RuntimeFailure:
                    continue
                real.ended(container)
                assert SECRET.encode() not in real.output(container)


SWAPPER = """
import os, sys
place, aside, secret = sys.argv[1:]
print("ready", flush=True)
while True:
    for _ in range(20):
        os.stat(place)
    os.rename(place, aside)
    os.symlink(secret, place)
    for _ in range(20):
        os.stat(place)
    os.unlink(place)
    os.rename(aside, place)
"""


@contextmanager
def swapping(place: Path, secret: Path) -> Iterator[None]:
    """``place`` is by turns a folder with ``x`` in it and a link to the folder ``secret``, which has one as well.

    In a process of its own, as a pod would: threads of one Python take turns.
    """
    (secret / "x").mkdir()
    (secret / "x" / "who").write_text(SECRET)
    (place / "x").mkdir(parents=True)
    command = [sys.executable, "-c", SWAPPER, str(place), str(place.with_name("aside")), str(secret)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as attacker:
        assert attacker.stdout
        attacker.stdout.readline()
        try:
            yield
            assert attacker.poll() is None, "the attacker has ended by itself"
        finally:
            attacker.kill()
