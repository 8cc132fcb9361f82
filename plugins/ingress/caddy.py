"""Caddy as an `HttpRouter`: a program of its own, kept running, that gets its routes over a private socket.

The listening sockets are sampan's: they stay open while Caddy is started anew, and who connects meanwhile waits. One whose
sampan was killed goes on with what it has, until the next start or `sampan down` ends it.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import orjson

from sampan.core.contracts.http_router import RouterSettings, RouteTable
from sampan.core.datadir import make_private
from sampan.core.errors import ConfigError, SampanError
from sampan.core.host.processes import end
from sampan.core.loops import Delays
from sampan.plugins.ingress import admin
from sampan.plugins.ingress.configuration import ADMIN_SOCKET, LOG_FILE, Json, configuration
from sampan.plugins.ingress.program import working_caddy
from sampan.plugins.ingress.turns import Turns, turn_all

STARTS_WITHIN = 30.0
LOOK_AGAIN = 0.02
FIRST_RETRY, LONGEST_RETRY = 0.1, 30.0
HEALTHY_AFTER = 60.0
LOAD_TRIES = 3
STDERR_FILE = "stderr.log"


class CaddyRouter:
    """See `sampan.core.contracts.http_router.HttpRouter`."""

    def __init__(self, settings: RouterSettings) -> None:
        self._folder = settings.state_dir
        self._say = settings.say
        self._program = ""
        self._plain: list[Turns] = []
        self._encrypted: list[Turns] = []
        self._table = RouteTable()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        """Held by who changes the process or its routes."""
        self._ending = threading.Event()
        self._keeper: threading.Thread | None = None

    # The contract

    def start(self, plain: Sequence[socket.socket], encrypted: Sequence[socket.socket], table: RouteTable) -> None:
        self._program = working_caddy()
        self.destroy()
        make_private(self._folder)
        self._plain = [Turns(each) for each in plain]
        self._encrypted = [Turns(each) for each in encrypted]
        self._table = table
        self._ending.clear()
        try:
            self._process = self._spawned()
        except ConfigError:
            self.close()
            raise
        self._keeper = threading.Thread(target=self._keep, name="caddy", daemon=True)
        self._keeper.start()

    def load(self, table: RouteTable) -> None:
        with self._lock:
            ports = [*self._plain, *self._encrypted]
            turn_all(ports)
            try:
                self._load(table)
            except SampanError:
                for each in ports:
                    each.turn_back()
                raise

    def _load(self, table: RouteTable) -> None:
        for tries_left in reversed(range(LOAD_TRIES)):
            try:
                admin.load(self._folder, self._configuration(table))
                break
            except OSError as exc:  # its administration, too, starts anew with each configuration
                if not tries_left:
                    self._table = table  # it may be about to be started anew, and begins with this
                    raise SampanError(f"caddy does not listen to what it is told: {exc}") from exc
        self._table = table

    def close(self) -> None:
        self._ending.set()
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            end(process.pid)
            process.wait()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None
        for each in (*self._plain, *self._encrypted):
            each.close()

    def destroy(self) -> None:
        self.close()
        pid = admin.listener(self._folder)
        if pid is not None and _works_in(pid, self._folder):
            end(pid)

    # The process

    def _keep(self) -> None:
        """Start it anew whenever it ends, later each time while it does not last."""
        delays = Delays(FIRST_RETRY, LONGEST_RETRY)
        while not self._ending.is_set():
            process, began = self._process, time.monotonic()
            if process is not None:
                code = process.wait()
                if self._ending.is_set():
                    return
                if time.monotonic() - began > HEALTHY_AFTER:
                    delays.after_success()
                self._say(f"ingress: caddy ended ({code}) and is started anew")
            if self._ending.wait(delays.after_failure()):
                return
            with self._lock:
                if self._ending.is_set():
                    return
                try:
                    self._process = self._spawned()
                except ConfigError as exc:
                    self._process = None
                    self._say(f"ingress: {exc}")

    def _configuration(self, table: RouteTable) -> Json:
        plain, encrypted = (
            [number for each in some for number in each.numbers()] for some in (self._plain, self._encrypted)
        )
        return configuration(table, plain, encrypted)

    def _spawned(self) -> subprocess.Popen[bytes]:
        """A Caddy that serves the table. Raises `ConfigError` with its words where it does not come up."""
        with suppress(FileNotFoundError):
            (self._folder / ADMIN_SOCKET).unlink()
        own = str(self._folder)
        with (self._folder / STDERR_FILE).open("wb") as errors:
            process = subprocess.Popen(
                [self._program, "run", "--config", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=own,
                env={"HOME": own, "XDG_CONFIG_HOME": own, "XDG_DATA_HOME": own},
                pass_fds=[number for each in (*self._plain, *self._encrypted) for number in each.descriptors()],
                start_new_session=True,  # Ctrl-C is for sampan, which ends it in order
            )
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(orjson.dumps(self._configuration(self._table)))
        end = time.monotonic() + STARTS_WITHIN
        while not admin.serves(self._folder):
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                process.wait()
                raise ConfigError(f"caddy does not start: {self._last_words()}")
            time.sleep(LOOK_AGAIN)
        return process

    def _last_words(self) -> str:
        for name in (STDERR_FILE, LOG_FILE):
            with suppress(FileNotFoundError):
                lines = (self._folder / name).read_text(errors="replace").strip().splitlines()
                if lines:
                    return lines[-1]
        return f"it says nothing in {self._folder}"


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return (Path("/proc") / str(pid) / "cwd").readlink() == folder.resolve()
    except OSError:
        return False
