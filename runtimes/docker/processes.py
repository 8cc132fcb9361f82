"""Logs, exec and attach on Docker."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import docker

from sampan.core.contracts.runtime import ExecResult, LogOptions, RuntimeFailure, Stream
from sampan.runtimes.docker.errors import translated
from sampan.runtimes.engine.lines import whole_lines
from sampan.runtimes.engine.streams import SocketStream


class DockerProcesses:
    """The stream verbs of the contract."""

    def __init__(self, client: docker.APIClient) -> None:
        self._client = client

    def logs(self, container_id: str, options: LogOptions) -> Iterator[bytes]:
        with translated():
            pieces = self._client.logs(
                container_id,
                stdout=options.stream in ("All", "Stdout"),
                stderr=options.stream in ("All", "Stderr"),
                stream=True,
                follow=options.follow,
                timestamps=options.timestamps,
                since=options.since.timestamp() if options.since else None,
                tail="all" if options.tail_lines is None else options.tail_lines,
            )
        try:
            yield from whole_lines(pieces)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def exec_sync(self, container_id: str, command: Sequence[str], timeout: float) -> ExecResult:
        """An exec that is over time is killed by its pid, which the engine tells (there is no verb for it)."""
        exec_id = self._exec_create(container_id, command, tty=False, stdin=False)
        stream = self._exec_start(exec_id, tty=False)
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._kill_exec(exec_id)
            stream.close()

        timer = threading.Timer(timeout, give_up) if timeout else None
        if timer:
            timer.start()
        output = {"stdout": b"", "stderr": b""}
        try:
            while piece := stream.read():
                output[piece[0]] += piece[1]
        finally:
            if timer:
                timer.cancel()
        if late.is_set():
            raise TimeoutError(f"command {command[0]!r} timed out after {timeout:g} s")
        stream.close()
        return ExecResult(exit_code=self._exec_code(exec_id), stdout=output["stdout"], stderr=output["stderr"])

    def exec(self, container_id: str, command: Sequence[str], *, tty: bool, stdin: bool) -> Stream:
        exec_id = self._exec_create(container_id, command, tty=tty, stdin=stdin)
        return self._exec_start(exec_id, tty=tty)

    def attach(self, container_id: str, *, tty: bool, stdin: bool) -> Stream:
        with translated():
            answer = self._client.attach_socket(
                container_id, params={"stdout": 1, "stderr": 1, "stdin": int(stdin), "stream": 1, "logs": 0}
            )
        return SocketStream(
            raw_socket(answer),
            tty=tty,
            keep=answer,
            resize=lambda width, height: self._client.resize(container_id, height=height, width=width),
            exit_code=lambda: int(self._client.wait(container_id)["StatusCode"]),
        )

    def _exec_create(self, container_id: str, command: Sequence[str], *, tty: bool, stdin: bool) -> str:
        with translated():
            return str(self._client.exec_create(container_id, list(command), tty=tty, stdin=stdin)["Id"])

    def _exec_start(self, exec_id: str, *, tty: bool) -> SocketStream:
        with translated():
            answer = self._client.exec_start(exec_id, tty=tty, socket=True)
        return SocketStream(
            raw_socket(answer),
            tty=tty,
            keep=answer,
            resize=lambda width, height: self._resize_exec(exec_id, width, height),
            exit_code=lambda: self._exec_code(exec_id),
        )

    def _resize_exec(self, exec_id: str, width: int, height: int) -> None:
        with contextlib.suppress(RuntimeFailure), translated(gone_is_fine=True):  # it may have ended just now
            self._client.exec_resize(exec_id, height=height, width=width)

    def _exec_code(self, exec_id: str) -> int:
        """The exit code once the streams have ended; the engine may need a moment to know it."""
        pause = threading.Event()
        for _ in range(200):
            with translated():
                state: dict[str, Any] = self._client.exec_inspect(exec_id)
            if not state["Running"]:
                return int(state["ExitCode"] or 0)
            pause.wait(0.02)
        raise RuntimeFailure("the command closed its streams and does not end")

    def _kill_exec(self, exec_id: str) -> None:
        with translated():
            pid = int(self._client.exec_inspect(exec_id)["Pid"])
        if pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def raw_socket(answer: Any) -> socket.socket:
    """The connection inside what the SDK returns."""
    raw: socket.socket = getattr(answer, "_sock", answer)
    return raw
