"""Moments that know how far apart they are, whatever becomes of the wall clock meanwhile.

Machines start with a wrong clock, and somebody sets it right, by hours at times. What counts seconds inside of one
process (back-offs, silence of nodes, graces) must not notice; what is written down must. So the present is an `Instant`:
its date is the wall clock's, but the time between two of them, and which of them came first, is told by the clock that
nobody sets. Go's ``time.Time`` does the same. Beside any other ``datetime``, as it is read from objects and engines, it is
its date alone.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Self, overload


class Instant(datetime):
    """Made by `now_utc` or `at`; in UTC. What ``replace`` and ``astimezone`` give is a date without the rest."""

    _steady: float | None = None
    """Seconds on the clock that nobody sets."""

    @classmethod
    def now_utc(cls) -> Self:
        return cls.at(time.time(), time.monotonic())

    @classmethod
    def at(cls, wall: float, steady: float) -> Self:
        """Seconds since the epoch by the wall clock, and on the clock that nobody sets."""
        made = cls.fromtimestamp(wall, UTC)
        made._steady = steady
        return made

    def _since(self, other: object) -> float | None:
        """Seconds since another instant; ``None`` for what is none."""
        if isinstance(other, Instant) and self._steady is not None and other._steady is not None:
            return self._steady - other._steady
        return None

    def _moved(self, made: Self, delta: timedelta) -> Self:
        if self._steady is not None:
            made._steady = self._steady + delta.total_seconds()
        return made

    def __add__(self, delta: timedelta, /) -> Self:
        return self._moved(super().__add__(delta), delta)

    __radd__ = __add__

    @overload  # type: ignore[override] # of any other date too: typeshed asks for the class's own
    def __sub__(self, other: timedelta, /) -> Self: ...

    @overload
    def __sub__(self, other: datetime, /) -> timedelta: ...

    def __sub__(self, other: datetime | timedelta, /) -> timedelta | Self:
        if isinstance(other, timedelta):
            return self._moved(super().__sub__(other), -other)
        seconds = self._since(other)
        return datetime.__sub__(self, other) if seconds is None else timedelta(seconds=seconds)

    def __lt__(self, other: Any, /) -> bool:
        seconds = self._since(other)
        return super().__lt__(other) if seconds is None else seconds < 0

    def __le__(self, other: Any, /) -> bool:
        seconds = self._since(other)
        return super().__le__(other) if seconds is None else seconds <= 0

    def __gt__(self, other: Any, /) -> bool:
        seconds = self._since(other)
        return super().__gt__(other) if seconds is None else seconds > 0

    def __ge__(self, other: Any, /) -> bool:
        seconds = self._since(other)
        return super().__ge__(other) if seconds is None else seconds >= 0
