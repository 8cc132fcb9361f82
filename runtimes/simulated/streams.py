"""The streams of pods that have no processes: they end at once."""

from __future__ import annotations

from typing import Literal


class EndedStream:
    """A command that has said its one thing and ended."""

    def __init__(self, exit_code: int, output: bytes = b"") -> None:
        self._exit_code = exit_code
        self._output = output

    def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        output, self._output = self._output, b""
        return ("stdout", output) if output else None

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def close_stdin(self) -> None: ...

    def resize(self, width: int, height: int) -> None: ...

    def exit_code(self) -> int:
        return self._exit_code

    def close(self) -> None: ...
