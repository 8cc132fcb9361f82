"""The keyed work queue: one key at a time and in order, different keys side by side.

A key that is added while it waits is there once; one that is added while it is worked on comes again afterwards.
Failures come back with exponential back-off, each key with its own. Nothing polls: a queue with nothing to do costs
nothing. Used on one event loop.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from sampan.core.loops import growing
from sampan.core.reconcile.clock import Clock, Timer

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)

FIRST_DELAY = 0.005
LONGEST_DELAY = 1000.0
"""Seconds, doubling from the first to the longest: client-go's ``DefaultControllerRateLimiter``."""


class ShutDown(Exception):
    """The queue has been shut down: the worker that waits for a key should end."""


class WorkQueue(Generic[K]):
    """Keys to look at.

    ``rank`` makes it a priority queue: smallest first, and in the order of their adding where ranks are equal.
    ``wait`` says how many seconds a key must be left alone, whoever adds it.
    """

    def __init__(
        self, clock: Clock, *, rank: Callable[[K], Any] | None = None, wait: Callable[[K], float] | None = None
    ) -> None:
        self._clock = clock
        self._rank = rank
        self._wait = wait
        self._heap: list[tuple[bool, Any, int, K]] = []
        self._added = 0
        self._waiting: set[K] = set()
        self._working: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, tuple[float, Timer]] = {}
        self._getters: list[asyncio.Future[None]] = []
        self._idle: list[asyncio.Future[None]] = []
        self._closed = False

    def __len__(self) -> int:
        """Keys that wait to be worked on now."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether any key waits or is worked on."""
        return bool(self._waiting or self._working)

    def add(self, key: K) -> None:
        """Have ``key`` looked at soon."""
        if self._closed or key in self._waiting:
            return
        if key in self._working:
            self._again.add(key)
        elif self._wait is not None and (seconds := self._wait(key)) > 0:
            self.add_after(key, seconds)
        else:
            self._push(key)

    def _push(self, key: K) -> None:
        self._waiting.add(key)
        self._added += 1
        heapq.heappush(self._heap, (*self._ranked(key), self._added, key))
        self._wake()

    def _ranked(self, key: K) -> tuple[bool, Any]:
        """A key whose rank cannot be told comes last: who adds it must not stumble over that."""
        if self._rank is None:
            return False, 0
        try:
            return False, self._rank(key)
        except Exception:
            log.exception("the rank of %s cannot be told: it comes last", key)
            return True, 0

    def add_after(self, key: K, seconds: float) -> None:
        """Have ``key`` looked at in so many seconds; an earlier appointment stands."""
        if self._closed:
            return
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        if appointed := self._timers.get(key):
            if appointed[0] <= due:
                return
            appointed[1].cancel()
        self._timers[key] = (due, self._clock.call_later(seconds, lambda: self._due(key)))

    def add_failed(self, key: K) -> float:
        """Have ``key`` looked at again after its back-off; returns that in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = growing(failures, FIRST_DELAY, LONGEST_DELAY)
        self.add_after(key, delay)
        return delay

    def forget(self, key: K) -> None:
        """``key`` went well: its next failure starts with the first delay."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """The next key, to be given back with `done`. Raises `ShutDown`."""
        while not self._heap:
            if self._closed:
                raise ShutDown
            getter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._getters.append(getter)
            try:
                await getter
            except asyncio.CancelledError:
                self._pass_on(getter)
                raise
        *_, key = heapq.heappop(self._heap)
        self._waiting.discard(key)
        self._working.add(key)
        return key

    def done(self, key: K) -> None:
        """The work on ``key`` has ended; what was added meanwhile comes now."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
        if not self._waiting and not self._working:
            for waiter in self._idle:
                if not waiter.done():
                    waiter.set_result(None)
            self._idle.clear()

    async def idle(self) -> None:
        """Wait until no key waits or is worked on (those that come later by appointment don't count)."""
        while self._waiting or self._working:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._idle.append(waiter)
            await waiter

    def shut_down(self) -> None:
        """No more keys: drops what waits and ends every `get`."""
        self._closed = True
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._heap.clear()
        self._waiting.clear()
        self._again.clear()
        for getter in self._getters:
            if not getter.done():
                getter.set_result(None)
        self._getters.clear()

    def _due(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _wake(self) -> None:
        while self._getters:
            getter = self._getters.pop(0)
            if not getter.done():
                getter.set_result(None)
                return

    def _pass_on(self, getter: asyncio.Future[None]) -> None:
        """A cancelled worker must not take a wake-up with it."""
        if getter.done() and not getter.cancelled():
            self._wake()
        elif getter in self._getters:
            self._getters.remove(getter)
