"""The watch cache: GET and LIST as Kubernetes answers them, from shared bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from sampan.core.errors import Timeout
from sampan.core.store.watch_cache import WatchCache
from sampan.plugins.stores.memory import MemoryStore
from tests.support.watch_cache import PREFIX, cluster, items, splice, stored

pytestmark = pytest.mark.anyio


async def test_a_read_shows_the_last_acknowledged_write() -> None:
    async with cluster() as c:
        for n in range(20):
            item = await c.create(f"ns/{n}", n=n)
            await c.cache.fresh()
            found = c.cache.get(item.key)
            assert found is not None
            assert found.raw == b'{"kind":"ConfigMap","n":%d,"rv":%d}' % (n, item.revision)
        await c.delete("ns/0")
        await c.cache.fresh()
        assert c.cache.get(PREFIX + "ns/0") is None


async def test_it_keeps_up_with_writes_to_other_resources() -> None:
    async with cluster() as c:
        item = await c.write_elsewhere()
        await c.cache.wait_until(item.revision)
        assert c.cache.revision == item.revision


async def test_a_revision_that_does_not_come_is_too_large() -> None:
    async with cluster() as c:
        with pytest.raises(Timeout, match="Too large resource version: 999, current: 1") as error:
            await c.cache.wait_until(999, timeout=0.01)
        assert error.value.details() == {
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }


async def test_what_was_there_before_is_loaded() -> None:
    store = MemoryStore()
    await store.create(PREFIX + "ns/a", stored())
    async with cluster(store) as c:
        assert [entry.key for entry in c.cache.list()] == [PREFIX + "ns/a"]


async def test_a_cache_may_start_while_others_write() -> None:
    async with cluster() as c:
        late = WatchCache(c.follower, "/registry/secrets/", finish=splice)
        writes = [asyncio.create_task(c.write_elsewhere()) for _ in range(1)]
        await asyncio.gather(late.start(), *writes)
        item = await c.write_elsewhere()
        await late.wait_until(item.revision)
        assert [entry.revision for entry in late.list()] == [2, 3]


async def test_list_is_sorted_and_by_namespace() -> None:
    async with cluster() as c:
        for name in ["b/1", "a/2", "a/1", "ab/1"]:
            await c.create(name)
        await c.cache.fresh()
        assert [entry.key.removeprefix(PREFIX) for entry in c.cache.list()] == ["a/1", "a/2", "ab/1", "b/1"]
        assert [entry.key.removeprefix(PREFIX) for entry in c.cache.list(PREFIX + "a/")] == ["a/1", "a/2"]


async def test_the_bytes_of_a_list_are_joined_once_until_something_in_it_changes() -> None:
    async with cluster() as c:
        await c.create("a/1")
        await c.create("a/2")
        await c.cache.fresh()
        first = c.cache.joined(PREFIX + "a/")
        assert first is not None
        assert first.raw == b'{"kind":"ConfigMap","rv":2},{"kind":"ConfigMap","rv":3}'
        assert c.cache.joined(PREFIX + "a/", limit=10) is first  # it is there already
        assert c.cache.joined(limit=10) is None

        await c.create("b/1")
        await c.cache.fresh()
        assert c.cache.joined(PREFIX + "a/") is first
        assert items(c.cache).count(b"kind") == 3

        await c.delete("a/1")
        await c.cache.fresh()
        assert items(c.cache, PREFIX + "a/") == b'{"kind":"ConfigMap","rv":3}'
        assert items(c.cache, PREFIX + "nothing/") == b""


async def test_decoding_happens_at_most_once() -> None:
    async with cluster() as c:
        await c.create("ns/a", x=1)
        await c.cache.fresh()
        entry = c.cache.list()[0]
        calls: list[Mapping[str, Any]] = []

        def decode(wire: Mapping[str, Any]) -> object:
            calls.append(wire)
            return object()

        assert entry.typed(decode) is entry.typed(decode)
        assert calls == [{"kind": "ConfigMap", "x": 1, "rv": 2}]
        assert entry.wire is calls[0]
