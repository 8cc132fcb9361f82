"""The time in which simulated pods live: the machine's, or one that a test moves.

Used from any thread: waiting is always on the runtime's one condition, which the caller holds.
"""

from __future__ import annotations

import threading
import weakref
from datetime import UTC, datetime, timedelta
from typing import Protocol


class SimulatedTime(Protocol):
    def now(self) -> datetime: ...

    def wait(self, condition: threading.Condition, until: datetime | None) -> None:
        """Wait until ``condition`` is notified or ``until`` is reached; may return early."""
        ...


class MachineTime:
    """Real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, condition: threading.Condition, until: datetime | None) -> None:
        condition.wait(None if until is None else max(0.0, (until - self.now()).total_seconds()))


class MovedTime:
    """Time that stands still until `advance`: hours of pods' life in no time at all."""

    def __init__(self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._waited_on: weakref.WeakSet[threading.Condition] = weakref.WeakSet()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._now

    def wait(self, condition: threading.Condition, until: datetime | None) -> None:
        with self._lock:
            self._waited_on.add(condition)
        if until is None or until > self._now:
            condition.wait()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)
            waiting = list(self._waited_on)
        for condition in waiting:
            with condition:
                condition.notify_all()
