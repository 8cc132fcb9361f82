"""The audit log's file: who may read it, and when a new one is begun."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from sampan.core.api.audit.log_file import MEGABYTE, LogFile
from sampan.core.config import AuditLog
from sampan.core.errors import ConfigError
from tests.core.api.conftest import MovableClock

LINE = b"x" * (MEGABYTE // 2) + b"\n"


def log_file(tmp_path: Path, clock: MovableClock, **settings: Any) -> LogFile:
    return LogFile(AuditLog(path=str(tmp_path / "audit.log"), **settings), clock)


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir())


def test_it_is_its_owners_alone_and_is_appended_to(tmp_path: Path, clock: MovableClock) -> None:
    for _ in range(2):
        file = log_file(tmp_path, clock)
        file.write(b"{}\n")
        file.close()
    path = tmp_path / "audit.log"
    assert path.read_bytes() == b"{}\n{}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_file_is_put_aside_under_its_time(tmp_path: Path, clock: MovableClock) -> None:
    file = log_file(tmp_path, clock, max_size=1)
    for _ in range(2):
        file.write(LINE)
        clock.advance(1.25)
    assert files(tmp_path) == ["audit-2030-01-01T00-00-01.250.log", "audit.log"]
    assert (tmp_path / "audit.log").read_bytes() == LINE
    file.close()


def test_old_files_go_when_they_are_too_many_or_too_old(tmp_path: Path, clock: MovableClock) -> None:
    file = log_file(tmp_path, clock, max_size=1, max_backups=2, max_age=3)
    (tmp_path / "audit-of-mine.log").touch()
    for _ in range(5):
        file.write(LINE)
        clock.advance(1)
    assert len(files(tmp_path)) == 1 + 1 + 2
    clock.advance(4 * 86400)
    file.write(LINE)
    assert len(files(tmp_path)) == 1 + 1 + 1
    assert "audit-of-mine.log" in files(tmp_path)
    file.close()


def test_without_a_size_there_is_one_file(tmp_path: Path, clock: MovableClock) -> None:
    file = log_file(tmp_path, clock, max_size=0)
    for _ in range(4):
        file.write(LINE)
    assert files(tmp_path) == ["audit.log"]
    file.close()


def test_a_place_that_cannot_be_written_is_said_at_once(tmp_path: Path, clock: MovableClock) -> None:
    (tmp_path / "file").touch()
    file = LogFile(AuditLog(path=str(tmp_path / "file" / "audit.log")), clock)
    with pytest.raises(ConfigError, match="cannot be written"):
        file.check()


def test_the_standard_output_is_a_dash(capfdbinary: pytest.CaptureFixture[bytes], clock: MovableClock) -> None:
    LogFile(AuditLog(path="-"), clock).write(b"{}\n")
    assert capfdbinary.readouterr().out == b"{}\n"
