"""The log on disk: the CRI format, its bounds, and reading it back."""

from __future__ import annotations

import errno
import os
import re
import threading
from pathlib import Path

import pytest

from sampan.core.contracts.runtime import LogOptions
from sampan.runtimes.process.logs import LogReader
from sampan.runtimes.process.shim.log_writer import LINE_BYTES, LogWriter

ENTRY = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) [FP] .*\n$")


def writer(folder: Path, max_bytes: int = 1 << 20, max_files: int = 3) -> LogWriter:
    return LogWriter(str(folder / "log"), max_bytes, max_files)


def read(folder: Path, **options: object) -> list[bytes]:
    return list(LogReader(folder, LogOptions(**options)))  # type: ignore[arg-type]


def test_entries_have_the_cri_format(tmp_path: Path) -> None:
    log = writer(tmp_path)
    log.write(b"stdout", b"one\ntw")
    log.write(b"stderr", b"err\n")
    log.write(b"stdout", b"o\nrest")
    log.close()
    lines = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    assert all(ENTRY.match(line) for line in lines)
    assert read(tmp_path) == [b"one\n", b"err\n", b"two\n", b"rest"]


def test_a_long_line_is_written_in_parts_and_read_whole(tmp_path: Path) -> None:
    log = writer(tmp_path)
    line = b"x" * (2 * LINE_BYTES + 5)
    log.write(b"stdout", line)
    log.write(b"stderr", b"between\n")
    log.write(b"stdout", b"y\nnext\n")
    log.close()
    assert (tmp_path / "log").read_bytes().count(b" stdout P ") == 2
    assert read(tmp_path) == [b"between\n", line + b"y\n", b"next\n"]


def test_the_log_is_bounded_and_its_newest_part_is_kept(tmp_path: Path) -> None:
    log = writer(tmp_path, max_bytes=2000, max_files=3)
    for number in range(200):
        log.write(b"stdout", b"line %03d\n" % number)
    log.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["log", "log.1", "log.2"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 6000
    lines = read(tmp_path)
    assert lines == [b"line %03d\n" % number for number in range(200 - len(lines), 200)]
    assert len(lines) > 50


@pytest.mark.parametrize("broken", ["open", "replace"])
def test_a_log_that_cannot_be_rotated_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    log = writer(tmp_path, max_bytes=100)
    log.write(b"stdout", b"line 0\n")
    with monkeypatch.context() as patched:
        patched.setattr(os, broken, full)
        for number in range(1, 6):
            log.write(b"stdout", b"line %d\n" % number)
    log.write(b"stdout", b"line 6\n")
    log.close()
    assert read(tmp_path) == [b"line %d\n" % number for number in range(7)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.1"]


def test_a_line_that_was_cut_off_by_a_crash_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"2026-01-01T00:00:00.000000001Z stdout F good\n2026-01-01T00")
    assert read(tmp_path) == [b"good\n"]


def test_following_goes_on_over_rotations_until_the_end(tmp_path: Path) -> None:
    log = writer(tmp_path, max_bytes=2000, max_files=4)
    log.write(b"stdout", b"line 0\n")
    reader = LogReader(tmp_path, LogOptions(follow=True))
    assert next(reader) == b"line 0\n"
    for number in range(1, 60):
        log.write(b"stdout", b"line %d\n" % number)
        assert next(reader) == b"line %d\n" % number
    log.close()
    (tmp_path / "exit.json").write_text("{}")
    assert list(reader) == []


def test_a_reader_that_waits_is_stopped_from_another_thread(tmp_path: Path) -> None:
    log = writer(tmp_path)
    reader = LogReader(tmp_path, LogOptions(follow=True))
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.extend(reader))
    thread.start()
    reader.close()
    thread.join(10)
    assert (thread.is_alive(), found) == (False, [])
    log.close()
