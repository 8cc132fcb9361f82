"""The follower: what becomes of caches and watches when the store loses history or cannot be reached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from sampan.core.errors import Expired, ServiceUnavailable
from sampan.core.store.contract import StoreEvent
from sampan.core.store.follower import Follower
from sampan.core.store.watch_cache import WatchCache
from sampan.core.store.watcher import Watcher
from sampan.plugins.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

PREFIX = "/registry/pods/"


class FragileStore(MemoryStore):
    """A store whose watches can be broken from outside, as a network does."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = asyncio.Event()
        self.error: Exception = ServiceUnavailable("no route to the store")

    def watch(self, prefix: str, from_revision: int) -> AbstractAsyncContextManager[AsyncIterator[StoreEvent]]:
        return self._watch(prefix, from_revision)

    @asynccontextmanager
    async def _watch(self, prefix: str, from_revision: int) -> AsyncIterator[AsyncIterator[StoreEvent]]:
        async with super().watch(prefix, from_revision) as events:
            yield self._until_broken(events)

    async def _until_broken(self, events: AsyncIterator[StoreEvent]) -> AsyncIterator[StoreEvent]:
        while True:
            following = asyncio.ensure_future(anext(events))
            broken = asyncio.ensure_future(self.broken.wait())
            try:
                await asyncio.wait({following, broken}, return_when=asyncio.FIRST_COMPLETED)
                if broken.done():
                    self.broken.clear()
                    raise self.error
                yield following.result()
            finally:
                for waiting in (following, broken):
                    waiting.cancel()
                await asyncio.gather(following, broken, return_exceptions=True)


@asynccontextmanager
async def following(store: MemoryStore) -> AsyncIterator[tuple[Follower, WatchCache]]:
    follower = Follower(store, retry_delay=0)
    cache = WatchCache(follower, PREFIX, finish=lambda value, revision: value)
    await follower.start()
    await cache.start()
    try:
        yield follower, cache
    finally:
        cache.close()
        await follower.close()
        await store.close()


async def drain(watcher: Watcher) -> None:
    """Read until the end."""
    async with asyncio.timeout(10):
        while await watcher.batch():
            pass


async def test_after_a_lost_connection_it_goes_on_without_a_gap() -> None:
    store = FragileStore()
    async with following(store) as (_, cache):
        watcher = await cache.watch(since=1)
        await store.create(PREFIX + "a", b"{}")
        await cache.fresh()
        store.broken.set()
        await store.create(PREFIX + "b", b"{}")
        await cache.fresh()
        assert [event.revision for event in await watcher.batch()] == [2, 3]


async def test_a_list_that_fails_after_lost_history_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FragileStore()
    store.error = Expired("too slow")
    real, failures = store.list, [ServiceUnavailable("not now")]

    async def list_once_refused(*arguments: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop()
        return await real(*arguments, **options)

    async with following(store) as (_, cache):
        monkeypatch.setattr(store, "list", list_once_refused)
        store.broken.set()
        await store.create(PREFIX + "a", b"{}")
        await cache.fresh()
        assert not failures
        assert cache.get(PREFIX + "a") is not None


async def test_after_lost_history_it_lists_again_and_watchers_are_told() -> None:
    store = FragileStore()
    store.error = Expired("too slow")
    async with following(store) as (_, cache):
        watcher = await cache.watch(since=1)
        gone = await store.create(PREFIX + "gone", b"{}")
        await cache.fresh()
        await store.delete(gone.key, gone.revision)
        await store.create(PREFIX + "new", b"{}")
        store.broken.set()
        with pytest.raises(Expired):
            await drain(watcher)
        await cache.fresh()
        assert [entry.key for entry in cache.list()] == [PREFIX + "new"]
        again = await cache.watch(since=cache.revision)
        late = await store.create(PREFIX + "late", b"{}")
        assert [event.revision for event in await again.batch(timeout=10)] == [late.revision]


async def test_waiters_are_released_by_the_write_they_wait_for() -> None:
    store = MemoryStore()
    async with following(store) as (follower, _):
        waiting = [asyncio.create_task(follower.wait_until(revision)) for revision in (2, 3)]
        await store.create("/registry/other/a", b"{}")
        await waiting[0]
        assert not waiting[1].done()
        await store.create("/registry/other/b", b"{}")
        await waiting[1]


async def test_a_closed_follower_can_be_closed_again() -> None:
    store = MemoryStore()
    async with following(store) as (follower, _):
        await follower.close()
        await follower.close()


async def test_one_cache_takes_over_a_prefix_from_another() -> None:
    store = MemoryStore()
    async with following(store) as (follower, cache):
        other = WatchCache(follower, PREFIX, finish=lambda value, revision: value)
        await other.start()
        item = await store.create(PREFIX + "a", b"{}")
        await follower.wait_until(item.revision)
        assert cache.get(item.key) is not None
        cache.close()
        item = await store.create(PREFIX + "b", b"{}")
        await follower.wait_until(item.revision)
        assert [each.key for each in other.list()] == [PREFIX + "a", PREFIX + "b"]
        assert cache.get(item.key) is None
        other.close()
