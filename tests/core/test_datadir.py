"""The data directory: one holder, one layout, and decisions that stay."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from sampan.core.api.pki import server_files
from sampan.core.datadir import DataDir, Decisions, write_private
from sampan.core.errors import ConfigError


def opened(path: Path) -> DataDir:
    directory = DataDir(path)
    directory.open()
    return directory


def test_a_new_directory_is_made_private(tmp_path: Path) -> None:
    directory = opened(tmp_path / "a" / "b")
    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    assert not directory.exists()
    directory.close()


@pytest.mark.parametrize("part", ["", "pki"])
def test_a_directory_that_others_may_enter_is_closed_to_them(tmp_path: Path, part: str) -> None:
    folder = tmp_path / "data" / part
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    if part:
        server_files(folder, "c", ["localhost"], datetime.now(UTC))
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    else:
        opened(folder).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_private_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    sync, replace = os.fsync, Path.replace

    def synced(fd: int) -> None:
        told.append(f"sync {Path(os.readlink(f'/proc/self/fd/{fd}')).name.split('.')[1:2] or 'folder'}")
        sync(fd)

    def replaced(self: Path, target: Path) -> Path:
        told.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    write_private(tmp_path / "key", "secret")
    assert told == ["sync ['key']", "rename", "sync folder"]
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_what_need_not_outlive_a_power_cut_waits_for_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("it waits"))
    write_private(tmp_path / "key", "secret", lasting=False)
    DataDir(tmp_path, lasting=False).keep(Decisions(cluster="a"))
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert DataDir(tmp_path).decisions("b").cluster == "a"


def test_a_directory_has_one_holder(tmp_path: Path) -> None:
    first = opened(tmp_path)
    assert DataDir(tmp_path).holder() == os.getpid()
    with pytest.raises(ConfigError, match=rf"held by the running cluster with process {os.getpid()}.*sampan stop"):
        opened(tmp_path)
    first.close()
    assert DataDir(tmp_path).holder() is None
    opened(tmp_path).close()


def test_another_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (tmp_path / "version").write_text("7\n")
    with pytest.raises(ConfigError, match="layout version 7, this sampan needs 1"):
        opened(tmp_path)
    assert (tmp_path / "version").read_text() == "7\n"
    assert DataDir(tmp_path).holder() is None


def test_a_directory_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ConfigError, match=r"other files \(thesis.tex\)"):
        opened(tmp_path)


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="not a directory"):
        opened(tmp_path / "file")


def test_decisions_stay(tmp_path: Path) -> None:
    directory = opened(tmp_path)
    decisions = directory.decisions("mine")
    assert decisions == Decisions(cluster="mine")
    decisions = attrs.evolve(decisions, service_cidr="10.97.0.0/16", nodes={"a": "10.1.0.0/24", "a-2": ""})
    directory.keep(decisions)
    assert directory.decisions("other") == decisions
    assert stat.S_IMODE((tmp_path / "cluster.json").stat().st_mode) == 0o600
    directory.close()


def test_damaged_decisions_are_said(tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text("{")
    with pytest.raises(ConfigError, match="is damaged"):
        DataDir(tmp_path).decisions("x")


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    write_private(tmp_path / "f", "one")
    write_private(tmp_path / "f", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_text() == "two"
