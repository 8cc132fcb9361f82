"""A watch cache of what is not stored: objects worked out when somebody asks, and again while somebody watches.

`Computation` stands where the follower of the store stands for other caches. It compares each look with the one before
and tells the cache of the differences as writes with revisions of its own, so that lists, pages, selectors and watches
work as they do for stored objects. All on the API server's loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sampan.core.store.checks import future_revision
from sampan.core.store.contract import KeyValue, Listing, StoreEvent
from sampan.core.store.entry import Finish, Matches
from sampan.core.store.follower import FRESH_TIMEOUT, Sink
from sampan.core.store.present import PresentOnly
from sampan.core.store.watch_cache import Join, WatchCache
from sampan.core.store.watcher import Watcher

log = logging.getLogger(__name__)

Compute = Callable[[], Awaitable[Mapping[str, bytes]]]
"""Key → value, of everything there is now."""

SHORTEST_INTERVAL: Final = 0.05


class Computation:
    """Feeds one cache with what ``compute`` gives."""

    def __init__(self, compute: Compute) -> None:
        self.revision = 1
        self.history = PresentOnly(self._revision_of_now)
        self._compute = compute
        self._values: dict[str, KeyValue] = {}
        self._sink: Sink | None = None
        self._look: asyncio.Task[None] | None = None

    async def add(self, sink: Sink) -> None:
        self._sink = sink
        sink.load(Listing((), self.revision))

    def remove(self, sink: Sink) -> None:
        self._sink = None

    async def wait_until(self, revision: int, timeout: float = FRESH_TIMEOUT) -> None:
        """Raises `Timeout` for a revision of another time: nothing will ever lead to it."""
        if revision > self.revision:
            raise future_revision(revision, self.revision)

    async def check_kept(self, revision: int) -> None:
        """What has not changed since is all that is known of the past, however long ago that is."""

    async def look(self) -> None:
        """Work everything out anew. Those who ask meanwhile share the look. Raises what the computation raises."""
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._look_once(), name="computed objects")
        await asyncio.shield(self._look)

    async def _revision_of_now(self) -> int:
        await self.look()
        return self.revision

    async def _look_once(self) -> None:
        found = await self._compute()
        for key in [key for key in self._values if key not in found]:
            self._tell("delete", key, self._values[key].value)
        for key, value in found.items():
            known = self._values.get(key)
            if known is None or known.value != value:
                self._tell("put", key, value)

    def _tell(self, type: str, key: str, value: bytes) -> None:
        previous = self._values.pop(key, None)
        self.revision += 1
        item = KeyValue(key, value, previous.created if previous else self.revision, self.revision)
        if type == "put":
            self._values[key] = item
        if self._sink is not None:
            self._sink.apply(StoreEvent("put" if type == "put" else "delete", item, previous))


class ComputedCache(WatchCache):
    """``interval``: seconds between looks while somebody watches; nobody watching costs nothing."""

    def __init__(self, compute: Compute, prefix: str, *, interval: float, finish: Finish, join: Join) -> None:
        self._computation = Computation(compute)
        super().__init__(self._computation, prefix, finish=finish, join=join)
        self._interval = max(interval, SHORTEST_INTERVAL)
        self._ticking: asyncio.Task[None] | None = None

    async def watch(
        self,
        scope: str | None = None,
        *,
        since: int | None = None,
        matches: Matches | None = None,
        initial_end: bool = False,
    ) -> Watcher:
        watcher = await super().watch(scope, since=since, matches=matches, initial_end=initial_end)
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(self._tick(), name=f"looks at {self.prefix}")
        return watcher

    def close(self) -> None:
        super().close()
        if self._ticking is not None:
            self._ticking.cancel()

    async def _tick(self) -> None:
        while self.is_watched:
            await asyncio.sleep(self._interval)
            try:
                await self._computation.look()
            except Exception as exc:
                log.warning("cannot work out %s: %s", self.prefix, exc)
