"""A watch cache over a store in memory, for tests of what readers and watchers get from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import orjson

from sampan.core.store.contract import KeyValue
from sampan.core.store.entry import Entry, WatchEvent
from sampan.core.store.follower import Follower
from sampan.core.store.watch_cache import WatchCache
from sampan.core.store.watcher import Watcher
from sampan.plugins.stores.memory import MemoryStore

PREFIX = "/registry/configmaps/"


def splice(value: bytes, revision: int) -> bytes:
    """Like the API server's: the stored object with its resourceVersion."""
    return value[:-1] + b',"rv":%d}' % revision


def stored(**fields: Any) -> bytes:
    return orjson.dumps({"kind": "ConfigMap", **fields})


def in_selection(entry: Entry) -> bool:
    return entry.wire.get("in") == "yes"


@attrs.define
class Cluster:
    """A store, and the configmaps of it in a cache."""

    store: MemoryStore
    follower: Follower
    cache: WatchCache

    async def create(self, name: str, **fields: Any) -> KeyValue:
        return await self.store.create(PREFIX + name, stored(**fields))

    async def change(self, name: str, **fields: Any) -> KeyValue:
        return await self.store.update(PREFIX + name, stored(**fields), await self._revision_of(name))

    async def delete(self, name: str) -> KeyValue:
        return await self.store.delete(PREFIX + name, await self._revision_of(name))

    async def write_elsewhere(self) -> KeyValue:
        return await self.store.create(f"/registry/secrets/ns/{await self.store.revision()}", b"{}")

    async def _revision_of(self, name: str) -> int:
        item = await self.store.get(PREFIX + name)
        assert item is not None
        return item.revision


@asynccontextmanager
async def cluster(store: MemoryStore | None = None, **settings: Any) -> AsyncIterator[Cluster]:
    store = store or MemoryStore()
    follower = Follower(store, retry_delay=0)
    cache = WatchCache(follower, PREFIX, finish=splice, **settings)
    await follower.start()
    await cache.start()
    try:
        yield Cluster(store, follower, cache)
    finally:
        cache.close()
        await follower.close()
        await store.close()


async def next_events(watcher: Watcher, count: int) -> list[WatchEvent]:
    async with asyncio.timeout(10):
        return [await anext(watcher) for _ in range(count)]


async def shown(watcher: Watcher, count: int) -> list[tuple[str, str, Mapping[str, Any]]]:
    events = await next_events(watcher, count)
    return [(event.type, event.entry.key.removeprefix(PREFIX), event.entry.wire) for event in events if event.entry]


def items(cache: WatchCache, prefix: str | None = None) -> bytes:
    joined = cache.joined(prefix)
    assert joined is not None
    return joined.raw
