"""Sub-paths pinned for engines: what was found stays what is mounted, and nothing of it is left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.contracts.runtime_config import Mount
from sampan.core.host.capabilities import may_mount
from sampan.core.testing.runtime_suite.sub_paths import swapping
from sampan.runtimes.engine import pinned
from sampan.runtimes.engine.pinned import PinnedSubPaths
from tests.support.needs import needs

ROUNDS = 500


pytestmark = needs(may_mount(), "pinning needs the right to mount")


@pytest.fixture
def paths(tmp_path: Path) -> PinnedSubPaths:
    return PinnedSubPaths(tmp_path / "pins")


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    (tmp_path / "volume").mkdir()
    (tmp_path / "secret").mkdir()
    return tmp_path / "volume"


def mounted_below(folder: Path) -> list[str]:
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f" {folder}/" in line]


def test_what_was_found_stays_whatever_its_name_becomes(paths: PinnedSubPaths, volume: Path) -> None:
    (volume / "part").mkdir()
    (volume / "part" / "who").write_text("inside")
    whole, part = (Mount(host_path=str(volume), sub_path=each, container_path="/m") for each in ("", "part"))
    told, pins = paths.pin([whole, part])
    paths.hold("c1", pins)
    (volume / "part").rename(volume / "aside")
    (volume / "part").symlink_to("../secret")
    assert told[0] == whole
    assert (told[1].sub_path, Path(told[1].host_path, "who").read_text()) == ("", "inside")
    paths.release("c1")
    paths.release("c1")
    assert not Path(told[1].host_path).exists()
    assert (volume / "aside" / "who").read_text() == "inside"


def test_a_race_is_never_won(paths: PinnedSubPaths, volume: Path, tmp_path: Path) -> None:
    found = refused = 0
    with swapping(volume / "swapped", tmp_path / "secret"):
        # The attacker has no processor of its own: it may sleep through many rounds in either state.
        while found + refused < ROUNDS or not (found and refused):
            assert found + refused < 200 * ROUNDS
            try:
                told, pins = paths.pin([Mount(host_path=str(volume), sub_path="swapped/x", container_path="/m")])
            except RuntimeFailure:
                refused += 1
                continue
            found += 1
            assert os.listdir(told[0].host_path) == []
            pinned.release(pins)


def test_what_a_crash_left_is_cleared_away_without_its_contents(volume: Path, tmp_path: Path) -> None:
    (volume / "part").mkdir()
    (volume / "part" / "who").write_text("inside")
    PinnedSubPaths(tmp_path / "pins").pin([Mount(host_path=str(volume), sub_path="part", container_path="/m")])
    assert mounted_below(tmp_path / "pins")
    PinnedSubPaths(tmp_path / "pins").clear()
    assert not mounted_below(tmp_path / "pins")
    assert not (tmp_path / "pins").exists()
    assert (volume / "part" / "who").read_text() == "inside"


def test_a_pin_that_cannot_be_made_leaves_none_of_the_others(paths: PinnedSubPaths, volume: Path) -> None:
    (volume / "part").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    mounts = [Mount(host_path=str(volume), sub_path=each, container_path="/m") for each in ("part", "none")]
    with pytest.raises(RuntimeFailure, match="none cannot be opened"):
        paths.pin(mounts)
    assert len(os.listdir("/proc/self/fd")) == before
    assert not mounted_below(volume.parent / "pins")


def test_without_the_right_to_mount_what_was_found_is_named(
    paths: PinnedSubPaths, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinned, "may_mount", lambda: False)
    (volume / "part").mkdir()
    (volume / "link").symlink_to("part")
    told, _ = paths.pin([Mount(host_path=str(volume), sub_path="link", container_path="/m")])
    assert told[0].host_path == str(volume / "part")
    (volume / "out").symlink_to("../secret")
    with pytest.raises(RuntimeFailure, match="leads out"):
        paths.pin([Mount(host_path=str(volume), sub_path="out", container_path="/m")])
