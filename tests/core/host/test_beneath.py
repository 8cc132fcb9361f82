"""Paths below a folder: nothing leads out, also while somebody swaps folders and links."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sampan.core.host import beneath
from sampan.core.host.beneath import LeadsOut

ROUNDS = 600


@contextmanager
def opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


def where(fd: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "real" / "deep").mkdir(parents=True)
    (folder / "inside").symlink_to("real/../real")
    (folder / "outside").symlink_to("../secret")
    (folder / "absolute").symlink_to("/real")
    (folder / "loop").symlink_to("loop")
    (folder / "file").write_text("x")
    (tmp_path / "secret").mkdir()
    return folder


def test_links_that_stay_inside_are_followed(folder: Path) -> None:
    with opened(folder) as root:
        assert where(beneath.open_existing(root, "inside/deep")) == str(folder / "real" / "deep")
        assert where(beneath.open_existing(root, "./inside//deep/..")) == str(folder / "real")
        assert where(beneath.open_existing(root, "file")) == str(folder / "file")


@pytest.mark.parametrize("path", ["outside", "outside/x", "absolute", "..", "inside/../../secret", "/etc"])
def test_what_leads_out_is_refused(folder: Path, path: str) -> None:
    with opened(folder) as root, pytest.raises(LeadsOut):
        beneath.open_existing(root, path)


def test_as_root_absolute_links_begin_and_parents_end_at_the_folder(folder: Path) -> None:
    with opened(folder) as root:
        assert where(beneath.open_existing(root, "/absolute/deep", as_root=True)) == str(folder / "real" / "deep")
        assert where(beneath.open_existing(root, "/../../real", as_root=True)) == str(folder / "real")
        found, missing = beneath.find(root, "/outside/x", as_root=True)
        assert (where(found), missing) == (str(folder), ["secret", "x"])


def test_links_of_the_kernel_are_text_as_any_other(folder: Path) -> None:
    """``/proc/1/root`` would be the host's root to who follows it."""
    with opened(Path("/proc")) as root, pytest.raises(LeadsOut):
        beneath.open_existing(root, "self/root/etc")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("loop", "Too many levels"),
        ("file/x", "Not a directory"),
        ("none/../x", "No such file"),
        ("none", "No such file"),
    ],
)
def test_what_cannot_be_opened_is_an_error(folder: Path, path: str, words: str) -> None:
    with opened(folder) as root, pytest.raises(OSError, match=words):
        beneath.open_existing(root, path)


def test_missing_folders_are_made_in_the_mode_asked_for(folder: Path) -> None:
    old = os.umask(0o077)
    try:
        with opened(folder) as root:
            assert where(beneath.open_or_make(root, "inside/new/deep", 0o2777)) == str(folder / "real/new/deep")
    finally:
        os.umask(old)
    assert stat.S_IMODE((folder / "real/new").stat().st_mode) == 0o2777
    assert stat.S_IMODE((folder / "real/new/deep").stat().st_mode) == 0o2777


def test_nothing_is_left_open(folder: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with opened(folder) as root:
        for path in ("inside/deep", "outside", "loop", "none/../x", "file/x"):
            with suppress(OSError, LeadsOut):
                os.close(beneath.open_existing(root, path))
    assert len(os.listdir("/proc/self/fd")) == before


def test_who_swaps_a_folder_for_a_link_gains_nothing(folder: Path, tmp_path: Path) -> None:
    """The attack on a check by name: a folder becomes a link to the outside between check and use."""
    secret = os.stat(tmp_path / "secret").st_ino
    swapped, stop = folder / "swapped", threading.Event()

    def swap() -> None:
        while not stop.is_set():
            with suppress(OSError):
                swapped.mkdir()
                swapped.rename(folder / "aside")
                swapped.symlink_to("../secret")
                swapped.unlink()
                if (folder / "aside" / "new").exists():
                    (folder / "aside" / "new").rmdir()
                (folder / "aside").rmdir()

    attacker = threading.Thread(target=swap)
    attacker.start()
    try:
        with opened(folder) as root:
            for number in range(ROUNDS):
                with suppress(OSError, LeadsOut):
                    fd = beneath.open_or_make(root, "swapped/new" if number % 2 else "swapped", 0o777)
                    found = os.fstat(fd).st_ino
                    os.close(fd)
                    assert found != secret
    finally:
        stop.set()
        attacker.join()
    assert list((tmp_path / "secret").iterdir()) == []
