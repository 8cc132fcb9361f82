"""The supervisor's loop: output to the log and to those attached, their input to the program, until the program ends."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import select
import selectors
import signal
import socket
import struct
import termios
import time
from collections.abc import Callable

from sampan.core.host.polling import is_writable, readable
from sampan.runtimes.process.shim import ending
from sampan.runtimes.process.shim.attached import AttachedClient, Listener
from sampan.runtimes.process.shim.job import Job
from sampan.runtimes.process.shim.log_writer import LogWriter

CHUNK = 65536
MOST_INPUT = 1 << 20
"""Input that waits for the program; more is left with the clients."""
DRAIN_SECONDS = 2.0
"""How long output is waited for after the end, where a process outside the container holds the pipe open."""


class Supervisor:
    def __init__(
        self,
        job: Job,
        directory: str,
        pid: int,
        ends: tuple[int | None, int | None, int | None],
        mount_namespace: int | None,
    ) -> None:
        """``ends``: stdin to write, stdout and stderr to read. ``mount_namespace``: the inode of the container's own."""
        self._job = job
        self._directory = directory
        self._pid = pid
        self._stdin, stdout, stderr = ends
        self._status: int | None = None
        self._log = LogWriter(os.path.join(directory, "log"), job["log_max_bytes"], job["log_max_files"])
        self._selector = selectors.DefaultSelector()
        self._sources = {fd: name for fd, name in ((stdout, b"stdout"), (stderr, b"stderr")) if fd is not None}
        self._clients: list[AttachedClient] = []
        self._input = b""
        self._input_ends = False
        self._listener = Listener(directory)
        self._mount_namespace = mount_namespace

    def run(self) -> None:
        """Until the program has ended and all is written down."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(wake_read, selectors.EVENT_READ, lambda: self._drain_wakeups(wake_read))
        self._selector.register(self._listener.socket, selectors.EVENT_READ, self._accept)
        for fd in self._sources:
            self._selector.register(fd, selectors.EVENT_READ, lambda fd=fd: self._read(fd))
        self._reap()
        while self._status is None:
            for key, _ in self._selector.select():
                key.data()
            self._flush()
        self._finish(self._status)

    # -- the program

    def _drain_wakeups(self, fd: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(fd, 512)
        self._reap()

    def _reap(self) -> None:
        """Bury whoever has ended; the program's own status is what counts."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self._pid:
                    self._status = status

    def _finish(self, status: int) -> None:
        if not self._job["own_pid"]:
            ending.kill_rest(self._mount_namespace, os.getpid())
        self._drain()
        self._log.close()
        record = ending.write_exit(self._job, self._directory, status)
        self._listener.close()
        for client in self._clients:
            client.finish(record)

    # -- its output

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, CHUNK)
        except OSError:  # EIO: the last one has let go of the terminal
            data = b""
        if not data:
            self._selector.unregister(fd)
            del self._sources[fd]
            return
        stream = self._sources[fd]
        self._log.write(stream, data)
        for client in self._clients:
            client.output(stream, data)

    def _read_terminal(self) -> None:
        """It may be ready for writing only."""
        if self._stdin is not None and readable([self._stdin], 0):
            self._read(self._stdin)

    def _drain(self) -> None:
        """What is still in the pipes. A process namespace's end has closed them all; else there is a limit."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._sources:
            ready = readable(self._sources, deadline - time.monotonic())
            if not ready:
                return
            for fd in ready:
                self._read(fd)

    # -- its input, and those attached

    def _accept(self) -> None:
        client = AttachedClient(self._listener.accept())
        self._clients.append(client)
        self._selector.register(client.socket, selectors.EVENT_READ, lambda: self._client_ready(client))

    def _client_ready(self, client: AttachedClient) -> None:
        for kind, data in client.frames():
            if kind == AttachedClient.STDIN:
                self._input += data
            elif kind == AttachedClient.RESIZE:
                self._resize(*struct.unpack("!HH", data))
            elif kind == AttachedClient.CLOSE_STDIN:
                self._close_stdin()

    def _flush(self) -> None:
        """Send on what waits; forget clients that have gone."""
        self._write_stdin()
        for client in list(self._clients):
            client.flush()
            if client.gone:
                self._watch(client.socket, 0, lambda: None)
                client.socket.close()
                self._clients.remove(client)
                if client.has_written and self._job["stdin_once"]:
                    self._close_stdin()
                continue
            wanted = selectors.EVENT_WRITE if client.pending else 0
            if len(self._input) < MOST_INPUT:
                wanted |= selectors.EVENT_READ
            self._watch(client.socket, wanted, functools.partial(self._client_ready, client))

    def _watch(self, file: socket.socket | int, events: int, then: Callable[[], None]) -> None:
        """Be told of these events from now on, or of none."""
        registered = file in self._selector.get_map()
        if registered and self._selector.get_key(file).events == events:
            return
        if registered:
            self._selector.unregister(file)
        if events:
            self._selector.register(file, events, then)

    def _write_stdin(self) -> None:
        """As much as the program takes now; its input ends once all is written."""
        if self._stdin is None:
            self._input = b""
            return
        if self._input and is_writable(self._stdin):
            try:
                self._input = self._input[os.write(self._stdin, self._input[: select.PIPE_BUF]) :]
            except OSError:  # the program has closed its input
                self._input = b""
        waiting = selectors.EVENT_WRITE if self._input else 0
        if not self._job["tty"]:
            self._watch(self._stdin, waiting, lambda: None)
        elif self._stdin in self._sources:  # a terminal is one descriptor for both ways
            self._watch(self._stdin, selectors.EVENT_READ | waiting, self._read_terminal)
        if self._input_ends and not self._input:
            os.close(self._stdin)
            self._stdin = None

    def _resize(self, width: int, height: int) -> None:
        if self._job["tty"] and self._stdin is not None:
            fcntl.ioctl(self._stdin, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def _close_stdin(self) -> None:
        """After what waits to be written. A terminal has no end of its own."""
        if not self._job["tty"]:
            self._input_ends = True
            self._write_stdin()
