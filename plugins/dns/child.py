"""The name server's process as sampan sees it: started, told, let go of, ended. Blocking.

What it does is in `sampan.plugins.dns.__main__`. Messages are JSON, one a line: first what it is made with, then
``["put", OWNER, RECORDS]`` and ``["serve", ADDRESS, PORT]``, which alone is answered, by why not or nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import orjson

from sampan.core.contracts.name_server import NameServerSettings, Record
from sampan.core.datadir import make_private
from sampan.core.errors import ConfigError
from sampan.core.host.polling import readable
from sampan.core.host.processes import end, find_by_arguments

MODULE = "sampan.plugins.dns"
STDERR_FILE = "stderr.log"


def processes_of(settings: NameServerSettings) -> list[int]:
    """Whatever serves this cluster here, whoever started it."""
    return find_by_arguments(_arguments(settings))


class Child:
    """All but `end` may raise `OSError` where it has ended."""

    def __init__(self, settings: NameServerSettings) -> None:
        folder = settings.state_dir.resolve()
        make_private(folder)
        self._errors = folder / STDERR_FILE
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", *_arguments(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                start_new_session=True,  # Ctrl-C is for sampan, which lets it go on
            )
        self.pid = self._process.pid
        self.handle = os.pidfd_open(self.pid)
        """Can be read from once it has ended."""
        self.serves = False
        self._ended = False
        self._write([{"domain": settings.domain, "reverse": settings.reverse, "upstream": settings.upstream}])

    def tell(self, records: Mapping[str, Sequence[Record]]) -> None:
        """By owner."""
        self._write(
            ["put", owner, [(each.name, each.type, each.data) for each in some]] for owner, some in records.items()
        )

    def serve(self, address: str, port: int) -> None:
        """Raises `ConfigError` where it cannot answer there."""
        self._write([["serve", address, port]])
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise ChildProcessError(self.last_words())
        if why_not := orjson.loads(line):
            raise ConfigError(why_not)
        self.serves = True

    def has_ended(self) -> bool:
        return bool(readable([self.handle], 0))

    def last_words(self) -> str:
        """Of one that has ended."""
        code = self._process.wait()
        lines = self._errors.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"its exit code is {code}"

    def let_go(self) -> None:
        """Tell it no more: one that serves goes on by itself, another one ends. Idempotent."""
        if not self.serves:
            self.end()
            return
        self._close_pipes()
        self._is_waited_for()

    def end(self) -> None:
        """Returns when it is no more. Idempotent."""
        self._close_pipes()
        if self._ended:
            return
        self._ended = True
        if not self.has_ended():
            end(self.pid)
        with suppress(ChildProcessError):  # its last words have been asked for
            os.waitpid(self.pid, 0)
        self._is_waited_for()
        os.close(self.handle)

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _is_waited_for(self) -> None:
        """Or need not be: Python takes a process that nobody waits for to be forgotten."""
        if self._process.returncode is None:
            self._process.returncode = 0

    def _write(self, messages: Iterable[object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"".join(orjson.dumps(each) + b"\n" for each in messages))
        self._process.stdin.flush()


def _arguments(settings: NameServerSettings) -> list[str]:
    return ["-m", MODULE, str(settings.state_dir.resolve())]
