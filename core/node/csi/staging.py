"""Volumes that are prepared once for all pods of a node. Who uses one is a file beside it: a crash forgets nobody."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sampan.core.contracts.csi import CsiRequest, StagingCsiDriver
from sampan.core.node.csi.drivers import NamedDriver


class Staging:
    """Below ``folder``, for all drivers of a node. Any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._busy: dict[Path, threading.Lock] = {}
        """One turn at a time for a volume."""

    def stage(self, named: NamedDriver, request: CsiRequest, user: str) -> Path | None:
        """Where the volume was prepared, from now on also for ``user``; ``None`` where the driver has no need of it."""
        driver = named.driver
        if request.ephemeral or not isinstance(driver, StagingCsiDriver):
            return None
        place = self._place(named.name, request.handle)
        with self._turn(place):
            (place / "users").mkdir(parents=True, exist_ok=True)
            (place / "users" / user).touch()
            folder = place / "globalmount"
            folder.mkdir(exist_ok=True)
            named.run(lambda: driver.stage(request, folder))
            return folder

    def unstage(self, named: NamedDriver, handle: str, user: str) -> None:
        """``user`` has no need of it any more. Idempotent."""
        driver = named.driver
        place = self._place(named.name, handle)
        if not isinstance(driver, StagingCsiDriver) or not place.exists():
            return
        with self._turn(place):
            (place / "users" / user).unlink(missing_ok=True)
            if any((place / "users").iterdir()):
                return
            named.run(lambda: driver.unstage(handle, place / "globalmount"))
            shutil.rmtree(place)

    def _place(self, driver: str, handle: str) -> Path:
        """A handle may be any text."""
        return self._folder / driver / sha256(handle.encode()).hexdigest()

    @contextmanager
    def _turn(self, place: Path) -> Iterator[None]:
        with self._lock:
            turn = self._busy.setdefault(place, threading.Lock())
        with turn:
            yield
