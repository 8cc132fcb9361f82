"""Logs, exec and attach: the stream verbs, which Docker and Podman have in common. Blocking; any thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Any

from sampan.core.contracts.runtime import EXEC_OUTPUT_BYTES, ExecResult, LogOptions, RuntimeFailure
from sampan.core.errors import NotFound
from sampan.runtimes.engine.answers import Answer
from sampan.runtimes.engine.api import EngineApi
from sampan.runtimes.engine.containers import EngineContainers
from sampan.runtimes.engine.lines import LogLines
from sampan.runtimes.engine.logs import EngineLogs
from sampan.runtimes.engine.signals import kill_in_container
from sampan.runtimes.engine.streams import ChannelStream, StreamName, frames

EXIT_CODE_TRIES = 200
EXIT_CODE_PAUSE = 0.02
"""Seconds between two looks for an exit code."""


class EngineProcesses:
    """The stream verbs of the contract."""

    def __init__(self, api: EngineApi, containers: EngineContainers, logs: EngineLogs) -> None:
        self._api = api
        self._containers = containers
        self._logs = logs

    def logs(self, container_id: str, options: LogOptions) -> LogLines:
        tty = bool(self._containers.inspect(container_id)["Config"].get("Tty"))
        return self._logs.read(container_id, options, tty=tty)

    def exec_sync(self, container_id: str, command: Sequence[str], timeout: float) -> ExecResult:
        """A command that is over time is killed, with all that it has started, by its process id, which the engine tells:
        it has no verb for that.

        Where this process may not signal it (not root), or does not see it (see `kill_in_container`), it is let go of
        instead.
        """
        exec_id = self._create_exec(container_id, command, tty=False, stdin=False)
        answer = self._start_exec(exec_id, tty=False)
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._kill_exec(exec_id, container_id)
            answer.close()

        timer = threading.Timer(timeout, give_up) if timeout else None
        if timer:
            timer.start()
        output: dict[StreamName, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        try:
            for name, data in frames(answer.read):
                output[name] += data[: EXEC_OUTPUT_BYTES - len(output[name])]
        finally:
            if timer:
                timer.cancel()
            answer.close()
        if late.is_set():
            raise TimeoutError(f"command {command[0]!r} timed out after {timeout:g} s")
        return ExecResult(
            exit_code=self._exec_code(exec_id), stdout=bytes(output["stdout"]), stderr=bytes(output["stderr"])
        )

    def exec(self, container_id: str, command: Sequence[str], *, tty: bool, stdin: bool) -> ChannelStream:
        exec_id = self._create_exec(container_id, command, tty=tty, stdin=stdin)
        return ChannelStream(
            self._start_exec(exec_id, tty=tty),
            framed=not tty,
            resize=lambda width, height: self._resize(f"/exec/{exec_id}/resize", width, height),
            exit_code=lambda: self._exec_code(exec_id),
        )

    def attach(self, container_id: str, *, tty: bool, stdin: bool) -> ChannelStream:
        params = {"stdout": True, "stderr": True, "stdin": stdin, "stream": True, "logs": False}
        return ChannelStream(
            self._api.open("POST", f"/containers/{container_id}/attach", params=params),
            framed=not tty,
            resize=lambda width, height: self._resize(f"/containers/{container_id}/resize", width, height),
            exit_code=lambda: self._containers.wait(container_id),
        )

    def _create_exec(self, container_id: str, command: Sequence[str], *, tty: bool, stdin: bool) -> str:
        body = {
            "Cmd": list(command),
            "Tty": tty,
            "AttachStdin": stdin,
            "AttachStdout": True,
            "AttachStderr": True,
        }
        return str(self._api.call("POST", f"/containers/{container_id}/exec", body=body)["Id"])

    def _start_exec(self, exec_id: str, *, tty: bool) -> Answer:
        return self._api.open("POST", f"/exec/{exec_id}/start", body={"Detach": False, "Tty": tty})

    def _resize(self, path: str, width: int, height: int) -> None:
        with contextlib.suppress(RuntimeFailure, NotFound):  # it may have ended just now
            self._api.call("POST", path, params={"w": width, "h": height})

    def _exec_state(self, exec_id: str) -> dict[str, Any]:
        state: dict[str, Any] = self._api.call("GET", f"/exec/{exec_id}/json")
        return state

    def _exec_code(self, exec_id: str) -> int:
        """The exit code once the streams have ended; the engine may need a moment to know it."""
        pause = threading.Event()
        for _ in range(EXIT_CODE_TRIES):
            state = self._exec_state(exec_id)
            if not state["Running"]:
                return int(state["ExitCode"] or 0)
            pause.wait(EXIT_CODE_PAUSE)
        raise RuntimeFailure("the command closed its streams and does not end")

    def _kill_exec(self, exec_id: str, container_id: str) -> None:
        with contextlib.suppress(RuntimeFailure, NotFound):
            if pid := int(self._exec_state(exec_id)["Pid"]):
                kill_in_container(pid, container_id)
