"""Podman's logs, whose own tail drops and mixes the parts of long lines without a sign of it.

So the log's file is looked into first, where it is on this machine and may be read; it has the CRI format:
``2016-10-06T00:17:09.669794202+00:00 stdout P a part of a line``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from sampan.runtimes.engine.api import EngineApi
from sampan.runtimes.engine.containers import EngineContainers
from sampan.runtimes.engine.logs import EngineLogs, Entry

CHUNK = 65536


class PodmanLogs(EngineLogs):
    def __init__(self, api: EngineApi, containers: EngineContainers) -> None:
        super().__init__(api)
        self._containers = containers

    def has_parts(self, container_id: str, found: list[Entry]) -> bool:
        if super().has_parts(container_id, found):
            return True
        path = self._containers.inspect(container_id)["HostConfig"].get("LogConfig", {}).get("Path")
        with contextlib.suppress(OSError):
            return any(is_part(entry) for _, entry in zip(range(len(found) + 1), last_lines(Path(path)), strict=False))
        return False


def is_part(entry: bytes) -> bool:
    return entry.split(b" ", 3)[2:3] == [b"P"]


def last_lines(path: Path) -> Iterator[bytes]:
    """From the last to the first, read from the end."""
    with path.open("rb") as file:
        left, rest = file.seek(0, os.SEEK_END), b""
        while left:
            size = min(CHUNK, left)
            left -= size
            file.seek(left)
            rest, *whole = (file.read(size) + rest).split(b"\n")
            yield from (line for line in reversed(whole) if line)
        if rest:
            yield rest
