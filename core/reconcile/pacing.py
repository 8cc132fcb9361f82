"""How much of the control plane one controller may take: a key that changes something again and again rests in between, and
a controller that blocks the event loop rests nine times as long as it has blocked it.

Neither happens to a controller that comes to rest; both are what keeps two that fight over an object, or one of an outside
plugin, from stopping the others. On one event loop; time is the engine's clock's, but for what a decision took.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from sampan.core.classes import define

K = TypeVar("K", bound=Hashable)

WINDOW = 10.0
"""Seconds over which a key's changes are counted."""
MOST_CHANGES, AFTER_REST = 2000, 100
"""In one window, which no rollout needs, however large; a key that has more rests, and has fewer afterwards."""
FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds, twice as long each time, until the key has been quiet for a window."""
BLOCKS = 1.0
"""Seconds of the event loop that no decision should take."""
SHARE = 9.0
LONGEST_PAUSE = 60.0


@define
class _Busy:
    since: float
    allowed: int
    changes: int = 0
    rest: float = FIRST_REST
    rests_until: float = 0.0


class Pacing(Generic[K]):
    """Of one controller. Knows only the keys that have changed something within the last window."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._now = monotonic
        self._busy: OrderedDict[K, _Busy] = OrderedDict()
        self._pause_until = float("-inf")

    def changed(self, key: K) -> float:
        """A decision about ``key`` has changed something; the seconds for which it rests now, mostly 0."""
        now = self._now()
        self._forget_quiet(now)
        busy = self._busy.get(key)
        if busy is None or now >= max(busy.since, busy.rests_until) + WINDOW:
            busy = self._busy[key] = _Busy(now, MOST_CHANGES)
        self._busy.move_to_end(key)
        busy.changes += 1
        if busy.changes <= busy.allowed:
            return 0.0
        rest, busy.rest = busy.rest, min(busy.rest * 2, LONGEST_REST)
        busy.changes, busy.allowed = 0, AFTER_REST
        busy.since, busy.rests_until = now, now + rest
        return rest

    def seconds_to_rest(self, key: K) -> float:
        """For how long ``key`` is still to be left alone."""
        busy = self._busy.get(key)
        return 0.0 if busy is None else max(busy.rests_until - self._now(), 0.0)

    def blocked(self, seconds: float) -> float:
        """A decision took the event loop for so long; for how long the controller pauses now."""
        if seconds < BLOCKS:
            return 0.0
        pause = min(seconds * SHARE, LONGEST_PAUSE)
        self._pause_until = self._now() + pause
        return pause

    def seconds_to_pause(self) -> float:
        return max(self._pause_until - self._now(), 0.0)

    def _forget_quiet(self, now: float) -> None:
        while self._busy:
            key, oldest = next(iter(self._busy.items()))
            if now < max(oldest.since, oldest.rests_until) + WINDOW:
                return
            del self._busy[key]
