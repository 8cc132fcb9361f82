"""How a controller is asked: sampan's own on the event loop, those of outside plugins in a thread.

A decision of a plugin may block, go round for ever or read what changes meanwhile, and everything else goes on: it is asked
about one key at a time, and given up after some seconds (`Patience.decide`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sampan.core.classes import frozen
from sampan.core.contracts.controller import Controller, Key
from sampan.core.contracts.plan import AfterReading, InThread, Plan, Reads
from sampan.core.plugins.patience import NotBack, Patience
from sampan.core.reconcile.lister import InformerLister, ThreadLister

READING_LIMIT = 60.0
"""Seconds that a decision may read for."""
Took = Callable[[Key, float, bool], None]
"""Told how many seconds a decision about a key took, and whether it came back."""


class Decider:
    """Asks on the event loop, which waits for it."""

    def __init__(self, controller: Controller, lister: InformerLister, reads: Reads, took: Took) -> None:
        self._controller = controller
        self._lister = lister
        self._reads = reads
        self._took = took

    async def plan(self, key: Key, now: datetime) -> Plan:
        """Raises what the controller raises."""
        with self._timed(key):
            decided = self._controller.reconcile(key, self._lister, now)
        return await plan_of(decided, self._reads)

    @contextmanager
    def _timed(self, key: Key) -> Iterator[None]:
        began, is_back = time.perf_counter(), True
        try:
            yield
        except NotBack:
            is_back = False
            raise
        finally:
            self._took(key, time.perf_counter() - began, is_back)


@frozen(kw_only=True)
class Outside:
    """What asking a plugin's controller takes besides."""

    patience: Patience
    plugin: str
    rest: Callable[[], Awaitable[None]]
    """Returns when the controller may be asked: it may have to pause."""
    droppable: Callable[[Awaitable[Any]], Awaitable[Any]]
    """Awaits what need not be waited for when everything ends."""


class DeciderInThread(Decider):
    def __init__(
        self, controller: Controller, lister: InformerLister, reads: Reads, took: Took, outside: Outside
    ) -> None:
        super().__init__(controller, lister, reads, took)
        self._seen = ThreadLister(lister)
        self._outside = outside
        self._patience = outside.patience
        self._what = f"the controller {controller.name}"
        self._turn = asyncio.Lock()

    async def plan(self, key: Key, now: datetime) -> Plan:
        """Raises `NotBack` where it takes too long, too."""
        decided = await self._outside.droppable(self._in_turn(key, now))
        if isinstance(decided, InThread):
            return await self._as_long_as_it_takes(key, decided)
        return await plan_of(decided, self._reads)

    async def _in_turn(self, key: Key, now: datetime) -> Plan | InThread | AfterReading[Any]:
        async with self._turn:
            await self._outside.rest()
            with self._timed(key):
                return await self._patience.decide(
                    self._outside.plugin, self._what, lambda: self._controller.reconcile(key, self._seen, now)
                )

    async def _as_long_as_it_takes(self, key: Key, decided: InThread) -> Plan:
        """It may have begun to act, so it is never given up; but told of."""
        limit = self._patience.limit(is_decision=False)
        sentence = f"decides about {key} for more than {limit:g} s: the key waits until it comes back"
        late = asyncio.get_running_loop().call_later(
            limit, lambda: self._patience.account.late(self._outside.plugin, self._what, sentence)
        )
        try:
            return checked(await self._patience.run_beside(decided.decide))
        finally:
            late.cancel()


async def plan_of(decided: Plan | InThread | AfterReading[Any], reads: Reads) -> Plan:
    """The plan that a controller's answer comes to. Raises `TypeError` for what is none."""
    if isinstance(decided, InThread):
        return checked(await asyncio.to_thread(decided.decide))
    if isinstance(decided, AfterReading):
        async with asyncio.timeout(READING_LIMIT):
            answer = await decided.read(reads)
        return checked(decided.decide(answer))
    return checked(decided)


def checked(decided: Plan) -> Plan:
    if not isinstance(decided, Plan):
        raise TypeError(f"a controller must return a Plan (NOTHING where it wants nothing), not {decided!r}"[:200])
    return decided
