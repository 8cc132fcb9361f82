"""How changes get to watchers: encoded once, straight or in batches, with bookmarks; who is slow or closed, alone."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from sampan.core.store import entry as entry_module
from sampan.core.store.entry import WatchEvent, bookmark, encode_event
from tests.support.watch_cache import PREFIX, cluster

pytestmark = pytest.mark.anyio


async def test_a_bookmark_says_how_far_the_reader_has_come() -> None:
    async with cluster() as c, await c.cache.watch(since=1) as watcher:
        await c.create("ns/a")
        await c.write_elsewhere()
        await c.cache.fresh()
        assert watcher.bookmark().revision == 1
        await watcher.batch()
        assert watcher.bookmark().revision == 3
        await c.create("ns/b")
        await c.create("ns/c")
        await c.cache.fresh()
        assert (await anext(watcher)).revision == watcher.bookmark().revision == 4
        await anext(watcher)
        await c.write_elsewhere()
        await c.cache.fresh()
        assert await watcher.batch(timeout=0) == []
        assert watcher.bookmark().revision == 6


async def test_bookmarks_have_the_watched_kind_and_nothing_else() -> None:
    event = WatchEvent("BOOKMARK", None, 7, initial_end=True)
    assert orjson.loads(bookmark(event, "v1", "Secret")) == {
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": {
            "resourceVersion": "7",
            "annotations": {"k8s.io/initial-events-end": "true"},
        },
    }


async def test_a_thousand_watchers_cost_one_encoding_per_change(monkeypatch: pytest.MonkeyPatch) -> None:
    encodings: list[str] = []

    def counted(kind: entry_module.EventType, raw: bytes) -> bytes:
        encodings.append(kind)
        return encode_event(kind, raw)

    monkeypatch.setattr(entry_module, "encode_event", counted)
    async with cluster() as c:
        plain = [await c.cache.watch(since=1) for _ in range(500)]
        selective = [await c.cache.watch(PREFIX + "ns/", since=1, matches=lambda _: True) for _ in range(500)]
        await c.create("ns/a", n=1)
        await c.change("ns/a", n=2)
        await c.delete("ns/a")
        await c.cache.fresh()
        lines = {b"".join(event.encoded for event in await watcher.batch()) for watcher in plain + selective}
        assert encodings == ["ADDED", "MODIFIED", "DELETED"]
        assert lines == {
            b'{"type":"ADDED","object":{"kind":"ConfigMap","n":1,"rv":2}}\n'
            b'{"type":"MODIFIED","object":{"kind":"ConfigMap","n":2,"rv":3}}\n'
            b'{"type":"DELETED","object":{"kind":"ConfigMap","n":2,"rv":4}}\n'
        }


async def test_a_slow_watcher_is_dropped_alone() -> None:
    async with cluster(backlog=3) as c:
        slow = await c.cache.watch(since=1)
        quick = await c.cache.watch(since=1)
        for n in range(5):
            await c.create(f"ns/{n}")
            await c.cache.fresh()
            assert [event.revision for event in await quick.batch()] == [n + 2]
        assert [event.revision for event in await slow.batch()] == [2, 3, 4]
        assert (await slow.batch(), slow.ended) == ([], True)  # to be taken up again at revision 4


async def test_events_go_straight_to_a_reader_that_waits_and_else_into_its_batch() -> None:
    async with cluster() as c:
        pushed: list[int] = []
        takes = True

        def deliver(event: WatchEvent) -> bool:
            if takes:
                pushed.append(event.revision)
            return takes

        async with await c.cache.watch() as watcher:
            watcher.push(deliver)
            before = (await c.create("a")).revision
            await c.cache.wait_until(before)
            assert [event.revision for event in await watcher.batch(1)] == [before]
            reading = asyncio.create_task(watcher.batch(5))
            await asyncio.sleep(0)
            straight = (await c.create("b")).revision
            await c.cache.wait_until(straight)
            assert (pushed, reading.done()) == ([straight], False)
            assert watcher.bookmark().revision == straight
            takes = False
            late = (await c.create("c")).revision
            assert [event.revision for event in await reading] == [late]


async def test_closing_the_cache_ends_its_watches() -> None:
    async with cluster() as c:
        watcher = await c.cache.watch(since=1)
        await c.create("ns/a")
        await c.cache.fresh()
        c.cache.close()
        assert len(await watcher.batch()) == 1
        assert not watcher.ended
        assert await watcher.batch() == []
        assert watcher.ended


async def test_a_closed_watcher_gets_nothing_more() -> None:
    async with cluster() as c:
        async with await c.cache.watch(since=1) as watcher:
            pass
        await c.create("ns/a")
        await c.cache.fresh()
        assert await watcher.batch() == []
