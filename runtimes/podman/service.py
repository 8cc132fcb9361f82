"""Podman's API service, started for the runtime where no socket is there. Pods go on when it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import IO

from sampan.core.errors import ConfigError
from sampan.runtimes.engine.sockets import connect_problem

START_TIMEOUT = 30.0
STOP_TIMEOUT = 10.0
POLL_SECONDS = 0.01
LONGEST_SOCKET_PATH = 107
"""Bytes: the kernel's limit for a unix socket's path."""


class PodmanService:
    """``podman system service`` on a socket in the runtime's folder.

    Several runtime objects of one folder share it. The one that holds the folder's lock ends it: the one that started it,
    or, after a crash, the next.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.socket = socket_path(directory)
        self._lock: IO[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Idempotent. Raises `ConfigError` with Podman's words where it does not come up."""
        private_folder(self.socket.parent)
        self._directory.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = taken(self._directory / "podman.lock")
        if self._lock and not self.answers():
            self._launch()
        elif not self._lock:
            self._wait(lambda: None)

    def answers(self) -> bool:
        return connect_problem(self.socket, "Podman", "") is None

    def close(self) -> None:
        """End the service if it is this object's. Idempotent."""
        if self._lock is None:
            return
        if pid := listener(self.socket):
            end(pid)
        self.socket.unlink(missing_ok=True)
        if self.socket.parent != self._directory:
            with contextlib.suppress(OSError):
                self.socket.parent.rmdir()
        self._lock.close()
        self._lock = None

    def _launch(self) -> None:
        """In a session of its own: the terminal's Ctrl-C is for sampan, which then ends the service in order."""
        self.socket.unlink(missing_ok=True)
        log = self._directory / "podman-service.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["podman", "system", "service", "--time", "0", self.url],
                cwd=self._directory,  # Podman 4 drops empty files named oom where it was started
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        threading.Thread(target=process.wait, name="podman-service", daemon=True).start()  # no zombie is left

        def died() -> None:
            if process.poll() is not None:
                said = log.read_text(errors="replace").strip().splitlines() or ["it ended at once"]
                raise ConfigError(f"podman's API service does not start: {said[-1]}")

        self._wait(died)

    def _wait(self, check: Callable[[], None]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            check()
            if time.monotonic() > deadline:
                raise ConfigError(f"podman's API service does not answer on {self.socket} after {START_TIMEOUT:g} s")
            time.sleep(POLL_SECONDS)


def socket_path(directory: Path) -> Path:
    """In the folder; where that makes too long a path, in a folder of the user's own with a short name."""
    path = directory / "podman.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    short = sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"sampan-{short}" / "podman.sock"


def private_folder(folder: Path) -> None:
    """Make it for this user alone. Raises `ConfigError` where somebody else was there first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.lstat().st_uid != os.geteuid() or folder.is_symlink():
        raise ConfigError(f"{folder} belongs to somebody else: choose another --data-dir")


def taken(path: Path) -> IO[bytes] | None:
    """The lock on a file; ``None`` while another holds it."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def listener(path: Path) -> int | None:
    """The process id of who listens on a unix socket; ``None``: nobody."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return None
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[0]) or None


def end(pid: int) -> None:
    """SIGTERM, then SIGKILL; returns when the process is gone."""
    deadline = time.monotonic() + STOP_TIMEOUT
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(POLL_SECONDS)
        os.kill(pid, signal.SIGKILL)
