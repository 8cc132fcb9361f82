"""The file that audit events are appended to, and its rotation by size and age. In the auditor's thread.

Old files are named as kube-apiserver names them: ``audit-2030-01-02T03-04-05.678.log`` beside ``audit.log``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from sampan.core.config import AuditLog
from sampan.core.errors import ConfigError

MEGABYTE: Final = 1024 * 1024
_TIME: Final = "%Y-%m-%dT%H-%M-%S"
_NAMED: Final = re.compile(r"-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})\.(\d{3})")


class LogFile:
    """Opened at its first line. Any `OSError` is the caller's to tell; the next line tries again."""

    def __init__(self, settings: AuditLog, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._path = Path(settings.path)
        self._clock = clock
        self._file: BinaryIO | None = None
        self._size = 0

    @property
    def _is_standard_output(self) -> bool:
        return self._settings.path == "-"

    def check(self) -> None:
        """Raises `ConfigError` where it cannot be written."""
        if self._is_standard_output:
            return
        try:
            self._open()
        except OSError as exc:
            raise ConfigError(f"the audit log {self._path} cannot be written: {exc.strerror or exc}") from exc

    def write(self, lines: bytes) -> None:
        """Whole lines, in one go."""
        if self._is_standard_output:
            sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
            return
        limit = self._settings.max_size * MEGABYTE
        file = self._open()
        if limit and self._size and self._size + len(lines) > limit:
            file = self._rotate()
        file.write(lines)
        self._size += len(lines)

    def _open(self) -> BinaryIO:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "ab", buffering=0)
            self._size = os.fstat(descriptor).st_size
        return self._file

    def _rotate(self) -> BinaryIO:
        self.close()
        now = self._clock().astimezone(UTC)
        stamp = f"{now.strftime(_TIME)}.{now.microsecond // 1000:03d}"
        os.replace(self._path, self._path.with_name(f"{self._path.stem}-{stamp}{self._path.suffix}"))
        self._clean(now)
        return self._open()

    def _clean(self, now: datetime) -> None:
        """Remove the old files that are too many or too old."""
        old = sorted(self._old_files(), reverse=True)
        keep = self._settings.max_backups or len(old)
        oldest = (
            now - timedelta(days=self._settings.max_age) if self._settings.max_age else datetime.min.replace(tzinfo=UTC)
        )
        for index, (moment, file) in enumerate(old):
            if index >= keep or moment < oldest:
                file.unlink(missing_ok=True)

    def _old_files(self) -> list[tuple[datetime, Path]]:
        found = []
        for file in self._path.parent.glob(f"{_literal(self._path.stem)}-*{_literal(self._path.suffix)}"):
            between = file.name.removeprefix(self._path.stem).removesuffix(self._path.suffix)
            if match := _NAMED.fullmatch(between):
                moment = datetime.strptime(match[1], _TIME).replace(microsecond=int(match[2]) * 1000, tzinfo=UTC)
                found.append((moment, file))
        return found

    def close(self) -> None:
        """Idempotent; a later line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _literal(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)
