"""Commands run in running containers: to their end (probes, `kubectl exec` without input), or as a stream."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import termios
import threading
import time
from collections.abc import Sequence
from typing import Literal

from sampan.core.contracts.runtime import EXEC_OUTPUT_BYTES, ExecResult
from sampan.core.host.polling import readable
from sampan.core.host.sessions import kill_session
from sampan.runtimes.process import jobs, launcher
from sampan.runtimes.process.containers import Containers
from sampan.runtimes.process.shim.channel import Channel, ChannelClosed

CHUNK = 65536
LOST_EXIT_CODE = 137
"""Where the session ended without telling: it was killed."""
Piece = tuple[Literal["stdout", "stderr"], bytes]


class ExecStream:
    """One command: `read` is for one thread, the rest for another."""

    def __init__(self, channel: Channel, outputs: dict[int, Literal["stdout", "stderr"]], stdin: int | None) -> None:
        self._channel = channel
        self._outputs = outputs
        self._stdin = stdin
        self._is_terminal = stdin is not None and stdin in outputs
        self._code: int | None = None
        self._code_lock = threading.Lock()
        self._reading = threading.Lock()
        self._closed = False
        self.session = 0
        """The command's process id, and its session's; 0 until it is known."""

    def read(self) -> Piece | None:
        return self.read_until(None)

    def read_until(self, deadline: float | None) -> Piece | None:
        """The next piece; raises `TimeoutError` at the deadline (of the monotonic clock)."""
        while self._outputs and not self._closed:
            sources: list[int] = list(self._outputs)
            if self._code is None:
                sources.append(self._channel.socket.fileno())
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:  # also where the command, or a child that it left, never stops talking
                if self._code is not None:
                    return None
                raise TimeoutError("the command took too long")
            ready = readable(sources, left if self._code is None else 0.0)
            if not ready:
                if self._code is not None:
                    return None  # ended, and all is read: a child that it left may hold the pipe for ever
                raise TimeoutError("the command took too long")
            for fd in ready:
                if fd in self._outputs:
                    if piece := self._read_one(fd):
                        return piece
                else:
                    self.exit_code()
        return None

    def write(self, data: bytes) -> None:
        while data and self._stdin is not None:
            try:
                data = data[os.write(self._stdin, data) :]
            except OSError:  # the command reads no more
                return

    def close_stdin(self) -> None:
        if self._stdin is None:
            return
        if self._is_terminal:
            self.write(b"\x04")
            return
        os.close(self._stdin)
        self._stdin = None

    def resize(self, width: int, height: int) -> None:
        if self._is_terminal and self._stdin is not None:
            fcntl.ioctl(self._stdin, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def exit_code(self) -> int:
        with self._code_lock:
            if self._code is None:
                try:
                    self._code = int(str(self._channel.receive()["exit_code"]))
                except ChannelClosed:
                    self._code = LOST_EXIT_CODE
            return self._code

    def exit_code_until(self, deadline: float | None) -> int:
        """Raises `TimeoutError` at the deadline."""
        if self._code is None and deadline is not None:
            patience = max(0.0, deadline - time.monotonic())
            if not readable([self._channel.socket.fileno()], patience):
                raise TimeoutError("the command took too long")
        return self.exit_code()

    def kill(self) -> None:
        """With all that it has started. It is not reaped before, so that its number is nobody else's."""
        if self.session and self._code is None:
            kill_session(self.session, lambda _pid: True)
        with contextlib.suppress(ChannelClosed):
            self._channel.send({"kill": int(signal.SIGKILL)})

    def close(self) -> None:
        """Idempotent; a command that still runs is killed by its session, which sees the channel close."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._channel.socket.shutdown(2)  # wakes a reader
        with self._reading:
            for fd in {*self._outputs, *(() if self._stdin is None else (self._stdin,))}:
                os.close(fd)
            self._outputs = {}
            self._stdin = None
            self._channel.close()

    def _read_one(self, fd: int) -> Piece | None:
        with self._reading:
            if fd not in self._outputs:
                return None
            try:
                data = os.read(fd, CHUNK)
            except OSError:  # EIO: the terminal has no other end any more
                data = b""
            if data:
                return self._outputs[fd], data
            del self._outputs[fd]
            if fd != self._stdin:
                os.close(fd)
            return None


def open_exec(
    containers: Containers,
    launch: launcher.Launcher,
    container_id: str,
    command: Sequence[str],
    *,
    tty: bool,
    stdin: bool,
) -> ExecStream:
    """Raises `NotFound`, or `RuntimeFailure` where the container does not run or the command cannot be started."""
    running = containers.running(container_id)
    job = jobs.exec_job(containers.job(container_id), command, tty=tty)
    request = {
        "pid": running["process"]["pid"],
        "sandbox_pid": job["sandbox_pid"],
        "job": job,
    }
    if tty:
        return _open_terminal(launch, request)
    theirs_in, ours_in = os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), None)
    ours_out, theirs_out = os.pipe()
    ours_err, theirs_err = os.pipe()
    theirs = (theirs_in, theirs_out, theirs_err)
    stream: ExecStream | None = None
    try:
        channel = launch.open("exec", request, theirs)
        stream = ExecStream(channel, {ours_out: "stdout", ours_err: "stderr"}, ours_in)
        stream.session = int(str(launcher.answer(channel)["started"]))
    except BaseException:
        if stream is not None:
            stream.close()
        raise
    finally:
        for fd in theirs:
            os.close(fd)
    return stream


def run(
    containers: Containers, launch: launcher.Launcher, container_id: str, command: Sequence[str], timeout: float
) -> ExecResult:
    """Raises `TimeoutError`, the command killed."""
    deadline = time.monotonic() + timeout if timeout else None
    stream = open_exec(containers, launch, container_id, command, tty=False, stdin=False)
    output = {"stdout": bytearray(), "stderr": bytearray()}
    try:
        while (piece := stream.read_until(deadline)) is not None:
            kept = output[piece[0]]
            kept += piece[1][: EXEC_OUTPUT_BYTES - len(kept)]
        code = stream.exit_code_until(deadline)
    except TimeoutError:
        stream.kill()
        raise TimeoutError(f"the command {command[0]!r} took longer than {timeout:g} seconds") from None
    finally:
        stream.close()
    return ExecResult(exit_code=code, stdout=bytes(output["stdout"]), stderr=bytes(output["stderr"]))


def _open_terminal(launch: launcher.Launcher, request: dict[str, object]) -> ExecStream:
    channel = launch.open("exec", request)
    try:
        launcher.answer(channel)
    except BaseException:
        channel.close()
        raise
    (console,) = channel.take_fds()
    return ExecStream(channel, {console: "stdout"}, console)
