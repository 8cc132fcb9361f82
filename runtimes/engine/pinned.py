"""Sub-paths of volumes for engines, which know sources by name only: pinned from a container's creation to its start.

A pod may swap the folder at a sub-path for a link at any moment, and an engine follows it when it starts the container. So
what is found there without leaving the volume is given a name of its own that no pod can reach: a bind mount in the
runtime's folder. Where this process may not mount, the path that was found is given; then a pod that changes it in the
moment before the start can win (docs/operating.md says so).
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.contracts.runtime_config import Mount
from sampan.core.host import beneath
from sampan.core.host.capabilities import may_mount
from sampan.core.host.mount import MS_BIND, MS_REC, mount, opened, unmount


class PinnedSubPaths:
    """Any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._held: dict[str, list[Pin]] = {}

    def pin(self, mounts: Sequence[Mount]) -> tuple[tuple[Mount, ...], list[Pin]]:
        """The mounts as the engine is to be told of them, and what to `hold`. Raises `RuntimeFailure`."""
        pins: list[Pin] = []
        told = []
        try:
            for each in mounts:
                if each.sub_path:
                    pins.append(self._pin(each))
                    told.append(attrs.evolve(each, host_path=pins[-1].path, sub_path=""))
                else:
                    told.append(each)
        except BaseException:
            release(pins)
            raise
        return tuple(told), pins

    def hold(self, container_id: str, pins: list[Pin]) -> None:
        """Until it has started."""
        if pins:
            with self._lock:
                self._held.setdefault(container_id, []).extend(pins)

    def release(self, container_id: str) -> None:
        """It has started, or never will. Idempotent."""
        with self._lock:
            pins = self._held.pop(container_id, [])
        release(pins)

    def clear(self) -> None:
        """Before the first container: what a crash left. A container that it belongs to can no longer start."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                _remove(path)
            with suppress(OSError):
                self._folder.rmdir()

    def _pin(self, wanted: Mount) -> Pin:
        fd = _open(wanted)
        try:
            if not may_mount():
                return Pin(os.readlink(opened(fd)))
            return Pin(str(self._mounted(fd)), mounted=True)
        except OSError as exc:
            raise RuntimeFailure(f"the subPath {wanted.sub_path} cannot be mounted: {exc}") from exc
        finally:
            os.close(fd)

    def _mounted(self, fd: int) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._folder / secrets.token_hex(8)
        if os.path.isdir(opened(fd)):
            place.mkdir()
        else:
            place.touch()
        try:
            mount(opened(fd), str(place), flags=MS_BIND | MS_REC)
        except OSError:
            _remove(place)
            raise
        return place


@frozen
class Pin:
    path: str
    mounted: bool = False


def release(pins: Sequence[Pin]) -> None:
    for pin in pins:
        if pin.mounted:
            _remove(Path(pin.path))


def _open(wanted: Mount) -> int:
    try:
        root = os.open(wanted.host_path, os.O_PATH | os.O_CLOEXEC)
        try:
            return beneath.open_existing(root, wanted.sub_path)
        finally:
            os.close(root)
    except beneath.LeadsOut as exc:
        raise RuntimeFailure(f"the subPath {wanted.sub_path} leads out of its volume") from exc
    except OSError as exc:
        raise RuntimeFailure(f"the subPath {wanted.sub_path} cannot be opened: {exc.strerror}") from exc


def _remove(path: Path) -> None:
    """The name, and never what was mounted there: a folder goes only once it is empty."""
    with suppress(OSError):
        unmount(str(path))
    with suppress(OSError):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
