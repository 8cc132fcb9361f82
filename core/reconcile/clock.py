"""The clock that everything which waits is given, so that tests move time instead of sleeping.

Used on the event loop only. `RealClock` is the loop's own; tests use `sampan.core.testing.clock.FakeClock`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from sampan.core.instant import Instant


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """The time, and calls at a later time."""

    def now(self) -> datetime:
        """The wall clock, in UTC; an `Instant`, so that what is counted from it does not notice when that is set."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call once, on the event loop, after so many seconds."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class RealClock:
    """The machine's."""

    def now(self) -> datetime:
        return Instant.now_utc()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, call)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
