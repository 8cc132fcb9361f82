"""One call of a plugin's code in a thread: whether it ended or was given up first, and how it is ended from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Overdue(BaseException):
    """Raised within a decision that takes too long, wherever it is. No `Exception`: its author may catch those."""


class Call:
    """What comes first counts: that it has ended, or that nobody waits any more.

    ``came_back`` is told the plugin where it ends after all.
    """

    def __init__(self, plugin: str, came_back: Callable[[str], None]) -> None:
        self.plugin = plugin
        self._came_back = came_back
        self._lock = threading.Lock()
        self._is = ""
        self._thread = 0
        """In which it runs now."""
        self._is_overdue = False

    @property
    def is_overdue(self) -> bool:
        """Whether it was to be ended."""
        return self._is_overdue

    def settle(self, how: str) -> bool:
        """Whether nothing else came first."""
        with self._lock:
            self._is = self._is or how
            return self._is == how

    def run(self, work: Callable[[], T]) -> T:
        """Of the thread that it is for: what ``work`` returns or raises."""
        self._thread = threading.get_ident()
        try:
            try:
                return work()
            finally:
                self._leave()
        finally:
            self._leave()  # once more: an `Overdue`, of which there is one at most, may have come within the first
            if not self.settle("ended"):
                self._came_back(self.plugin)

    def end(self) -> None:
        """Have `Overdue` raised in it at its next step in Python, unless it has ended."""
        with self._lock:
            if self._thread:
                self._is_overdue = True
                _raise_in(self._thread, Overdue)

    def _leave(self) -> None:
        """From here on nothing is raised that has not been yet."""
        with self._lock:
            if self._thread and self._is_overdue:
                _raise_in(self._thread, None)
            self._thread = 0


def _raise_in(thread: int, what: type[BaseException] | None) -> None:
    """``None`` takes back what the thread has not raised yet."""
    import ctypes  # rarely needed

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(what) if what else None)
