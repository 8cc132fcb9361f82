"""The clock of a test's cluster, moved from the test's own thread: back-offs, leases and CronJobs without waiting."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sampan.core.testing.clock import FakeClock
from sampan.core.testing.loop_thread import LoopThread

if TYPE_CHECKING:
    from sampan.core.testing.live_cluster import LiveCluster

TURNS = 20
"""Turns of the event loop after each time that something fell due: as far as one thing leads to the next at once."""


class MovedClock:
    """It begins at the present, since certificates are looked at by clients that know no other time."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self._cluster: LiveCluster | None = None
        self.clock = FakeClock(datetime.now(UTC).replace(microsecond=0))

    def now(self) -> datetime:
        return self.clock.now()

    def set_wall_clock(self, seconds: float) -> None:
        """Put the wall clock forward, or back (negative), while no time passes."""
        self._loop.call(lambda: self.clock.set_wall_clock(seconds))

    def follow(self, cluster: LiveCluster) -> None:
        """Let the cluster's controllers come to rest after each move."""
        self._cluster = cluster

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass. Whatever falls due meanwhile happens at its time, in order, before this returns."""
        self._loop.run(self._advance(seconds))
        if self._cluster is not None:
            self._cluster.settle()

    async def _advance(self, seconds: float) -> None:
        left = seconds
        while left > 0:
            due = self.clock.next_due
            step = left if due is None or due > left else max(due, 0.0)
            self.clock.advance(step)
            left -= step
            if step == 0.0 and due is None:
                return
            for _ in range(TURNS):
                await asyncio.sleep(0)
