"""A clock that stands still until the test moves it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime

from sampan.core.instant import Instant

START = datetime(2030, 1, 1, tzinfo=UTC)


class FakeTimer:
    """One call that the test's clock owes."""

    def __init__(self, due: float, call: Callable[[], None]) -> None:
        self.due = due
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    """A `sampan.core.reconcile.clock.Clock` whose time goes on only in `advance`."""

    def __init__(self, start: datetime = START) -> None:
        self._wall = start.timestamp()
        self._elapsed = 0.0
        self._count = 0
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._askers: list[asyncio.Future[None]] = []

    def now(self) -> datetime:
        return Instant.at(self._wall + self._elapsed, self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def call_later(self, seconds: float, call: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self._elapsed + max(seconds, 0.0), call)
        self._count += 1
        heapq.heappush(self._timers, (timer.due, self._count, timer))
        askers, self._askers = self._askers, []
        for asker in askers:
            if not asker.done():
                asker.set_result(None)
        return timer

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    async def asked(self) -> None:
        """Wait until somebody waits for a later time."""
        while self.next_due is None:
            asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._askers.append(asked)
            await asked

    @property
    def next_due(self) -> float | None:
        """Seconds until the next call; ``None``: nothing waits."""
        dues = [timer.due for _, _, timer in self._timers if not timer.cancelled]
        return min(dues) - self._elapsed if dues else None

    def set_wall_clock(self, seconds: float) -> None:
        """Put the wall clock forward, or back (negative), as somebody does who sets it right. No time passes."""
        self._wall += seconds

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass: every call that falls due is made, at its own time and in order."""
        end = self._elapsed + seconds
        while self._timers and self._timers[0][0] <= end:
            due, _, timer = heapq.heappop(self._timers)
            self._elapsed = max(self._elapsed, due)
            if not timer.cancelled:
                timer.call()
        self._elapsed = end
