"""Steps for a person who waits: plain lines, and on a terminal what goes on now where that takes longer than a second.

Whatever is printed stays the same with and without a terminal, so that logs and pipes get the lines alone.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.status import Status

PATIENCE = 1.0
"""Seconds that pass before a wait is shown."""


class Steps:
    """``say`` is for the lines; any thread."""

    def __init__(self, waiting_for: str) -> None:
        self._waiting_for = waiting_for
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._status: Status | None = None
        self._since = time.monotonic()
        self._watcher: threading.Thread | None = None

    def say(self, line: str) -> None:
        """One step that is done: what it is about stands out on a terminal."""
        subject, colon, rest = line.partition(":")
        with self._lock:
            self._hide()
            self._since = time.monotonic()
            self._watch()
            click.echo(f"{click.style(subject + colon, fg='cyan')}{rest}" if colon else line)

    def begin(self, what: str) -> None:
        """Something that may take long begins: what is shown of it where it does."""
        with self._lock:
            self._waiting_for = what
            self._since = time.monotonic()
            self._watch()

    def end(self) -> None:
        """Nothing is waited for any more. Idempotent."""
        self._ended.set()
        with self._lock:
            self._hide()

    def _watch(self) -> None:
        """From the first step on: a process that is to fork before it has no thread yet."""
        if self._watcher is None and not self._ended.is_set() and sys.stderr.isatty():
            self._watcher = threading.Thread(target=self._wait, daemon=True)
            self._watcher.start()

    def _wait(self) -> None:
        """Show what goes on, until `end`. In a thread of its own."""
        while not self._ended.wait(0.2):
            waited = time.monotonic() - self._since
            if waited > PATIENCE:
                with self._lock:
                    self._show(f"{self._waiting_for} … {waited:.0f} s")

    def _show(self, text: str) -> None:
        if self._ended.is_set():
            return
        if self._status is None:
            from rich.console import Console

            self._status = Console(stderr=True).status(text)
            self._status.start()
        self._status.update(text)

    def _hide(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


@contextmanager
def steps(waiting_for: str) -> Iterator[Steps]:
    """``waiting_for``: what goes on, such as ``starting the cluster``."""
    made = Steps(waiting_for)
    try:
        yield made
    finally:
        made.end()
