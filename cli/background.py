"""Start something that stays: a process of its own, whose steps and failures reach the person who waits.

The child is forked before any thread or loop is there. It tells what happens through a pipe, one JSON line each: a step,
``ready``, or the sentence why it cannot be; afterwards it lives on its log file. Whatever it says is in the log as well,
so no word is lost, even when the one who started it has gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from sampan.core.errors import ConfigError

Say = Callable[[str], None]
Serve = Callable[[Say, Callable[[], None]], None]
"""What runs behind: given where to say its steps and what to call when it is ready."""


def start_behind(log_file: Path, serve: Serve, show: Say) -> None:
    """Return once ``serve`` is ready. Raises `ConfigError` with its own sentence where it fails before that.

    Ctrl-C while waiting ends the child too.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        # Nothing of the parent's may run here after this: not its exit handlers, not its callers.
        os._exit(_live(log_file, writing, serve))
    os.close(writing)
    try:
        _relay(child, reading, log_file, show)
    except KeyboardInterrupt:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        raise


def _relay(child: int, reading: int, log_file: Path, show: Say) -> None:
    """Show the child's steps until it is ready, or has ended."""
    with os.fdopen(reading) as lines:
        for line in lines:
            word, text = json.loads(line)
            if word == "step":
                show(text)
            elif word == "ready":
                return
            else:
                os.waitpid(child, 0)
                raise ConfigError(text)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    raise ConfigError(f"the cluster {how} before it was ready: see {log_file}")


def _live(log_file: Path, writing: int, serve: Serve) -> int:
    """The child's whole life; returns its exit code."""
    os.setsid()
    _redirect(log_file)
    pipe = os.fdopen(writing, "w")

    def tell(word: str, text: str) -> None:
        # Who waits may have gone.
        with contextlib.suppress(BrokenPipeError, ValueError):
            pipe.write(json.dumps([word, text]) + "\n")
            pipe.flush()

    def say(line: str) -> None:
        print(line, flush=True)
        tell("step", line)

    def ready() -> None:
        tell("ready", "")
        _close(pipe)

    try:
        serve(say, ready)
    except BaseException as exc:
        from sampan.cli.failures import sentence

        line = sentence(exc)
        print(line, file=sys.stderr, flush=True)
        tell("failed", line.removeprefix("error: "))
        return 1
    finally:
        _close(pipe)
    return 0


def _close(pipe: IO[str]) -> None:
    with contextlib.suppress(BrokenPipeError):
        pipe.close()


def _redirect(log_file: Path) -> None:
    """Standard input from nowhere, output to the log: no terminal is held."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nowhere, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nowhere)
    os.close(log)
