"""The watch cache: GET, LIST and WATCH as Kubernetes answers them, from shared bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import orjson
import pytest

from sampan.core.errors import Expired, Timeout
from sampan.core.store import entry as entry_module
from sampan.core.store.contract import KeyValue
from sampan.core.store.entry import Entry, WatchEvent, bookmark, encode_event
from sampan.core.store.follower import Follower
from sampan.core.store.watch_cache import WatchCache
from sampan.core.store.watcher import Watcher
from sampan.plugins.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

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


class TestReading:
    async def test_a_read_shows_the_last_acknowledged_write(self) -> None:
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

    async def test_it_keeps_up_with_writes_to_other_resources(self) -> None:
        async with cluster() as c:
            item = await c.write_elsewhere()
            await c.cache.wait_until(item.revision)
            assert c.cache.revision == item.revision

    async def test_a_revision_that_does_not_come_is_too_large(self) -> None:
        async with cluster() as c:
            with pytest.raises(Timeout, match="Too large resource version: 999, current: 1") as error:
                await c.cache.wait_until(999, timeout=0.01)
            assert error.value.details() == {
                "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                "retryAfterSeconds": 1,
            }

    async def test_what_was_there_before_is_loaded(self) -> None:
        store = MemoryStore()
        await store.create(PREFIX + "ns/a", stored())
        async with cluster(store) as c:
            assert [entry.key for entry in c.cache.list()] == [PREFIX + "ns/a"]

    async def test_a_cache_may_start_while_others_write(self) -> None:
        async with cluster() as c:
            late = WatchCache(c.follower, "/registry/secrets/", finish=splice)
            writes = [asyncio.create_task(c.write_elsewhere()) for _ in range(1)]
            await asyncio.gather(late.start(), *writes)
            item = await c.write_elsewhere()
            await late.wait_until(item.revision)
            assert [entry.revision for entry in late.list()] == [2, 3]

    async def test_list_is_sorted_and_by_namespace(self) -> None:
        async with cluster() as c:
            for name in ["b/1", "a/2", "a/1", "ab/1"]:
                await c.create(name)
            await c.cache.fresh()
            assert [entry.key.removeprefix(PREFIX) for entry in c.cache.list()] == ["a/1", "a/2", "ab/1", "b/1"]
            assert [entry.key.removeprefix(PREFIX) for entry in c.cache.list(PREFIX + "a/")] == ["a/1", "a/2"]

    async def test_the_bytes_of_a_list_are_joined_once_until_something_in_it_changes(self) -> None:
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

    async def test_decoding_happens_at_most_once(self) -> None:
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


class TestPages:
    async def test_pages_go_on_at_the_first_ones_revision(self) -> None:
        async with cluster() as c:
            for n in range(5):
                await c.create(f"ns/{n}", n=n)
            await c.cache.fresh()
            first = await c.cache.page(limit=2)
            assert ([e.wire["n"] for e in first.entries], first.remaining) == ([0, 1], 3)

            await c.delete("ns/3")
            await c.change("ns/2", n="new")
            await c.cache.fresh()
            second = await c.cache.page(limit=2, start_after=first.next_after, revision=first.revision)
            assert ([e.wire["n"] for e in second.entries], second.remaining) == ([2, 3], 1)
            assert second.revision == first.revision
            assert [e.wire["rv"] for e in second.entries] == [4, 5]
            last = await c.cache.page(limit=2, start_after=second.next_after, revision=first.revision)
            assert ([e.wire["n"] for e in last.entries], last.remaining, last.next_after) == ([4], None, "")

    async def test_pages_of_what_has_not_changed_need_no_store(self) -> None:
        async with cluster() as c:
            for n in range(3):
                await c.create(f"ns/{n}")
            await c.cache.fresh()
            first = await c.cache.page(limit=1)
            await c.write_elsewhere()
            await c.cache.fresh()
            second = await c.cache.page(limit=2, start_after=first.next_after, revision=first.revision)
            assert second.entries[0] is c.cache.list()[1]
            assert second.revision == first.revision

    @pytest.mark.parametrize("changed_meanwhile", [False, True])
    async def test_a_page_of_a_selection_is_full(self, changed_meanwhile: bool) -> None:
        async with cluster() as c:
            for n in range(8):
                await c.create(f"ns/{n}", **({"in": "yes"} if n % 2 else {}), n=n)
            await c.cache.fresh()
            first = await c.cache.page(limit=3, matches=in_selection)
            assert [e.wire["n"] for e in first.entries] == [1, 3, 5]
            assert (first.remaining, first.next_after) == (None, PREFIX + "ns/5")
            if changed_meanwhile:
                await c.delete("ns/7")
                await c.cache.fresh()
            rest = await c.cache.page(
                limit=3, start_after=first.next_after, revision=first.revision, matches=in_selection
            )
            assert ([e.wire["n"] for e in rest.entries], rest.next_after) == ([7], "")

    async def test_a_compacted_revision_is_expired_and_a_later_one_too_large(self) -> None:
        async with cluster() as c:
            await c.create("ns/a")
            await c.change("ns/a", x=1)
            await c.create("ns/b")
            await c.store.compact(4)
            await c.cache.fresh()
            with pytest.raises(Expired):
                await c.cache.page(revision=2)
            with pytest.raises(Timeout):
                await c.cache.page(revision=9)


class TestWatching:
    async def test_every_change_once_in_order(self) -> None:
        async with cluster() as c:
            start = await c.create("ns/before")
            await c.cache.fresh()
            async with await c.cache.watch(since=start.revision) as watcher:
                await c.create("ns/a", n=1)
                await c.change("ns/a", n=2)
                await c.write_elsewhere()
                await c.delete("ns/a")
                assert await shown(watcher, 3) == [
                    ("ADDED", "ns/a", {"kind": "ConfigMap", "n": 1, "rv": 3}),
                    ("MODIFIED", "ns/a", {"kind": "ConfigMap", "n": 2, "rv": 4}),
                    ("DELETED", "ns/a", {"kind": "ConfigMap", "n": 2, "rv": 6}),
                ]

    @pytest.mark.parametrize("kept", [0, 1, 2, 1000], ids=lambda kept: f"{kept} recent changes")
    async def test_a_watch_starts_in_the_past_wherever_that_is_kept(self, kept: int) -> None:
        async with cluster(recent=kept) as c:
            start = await c.create("ns/a", n=1)
            await c.change("ns/a", n=2)
            await c.write_elsewhere()
            await c.change("ns/a", n=3)
            await c.delete("ns/a")
            await c.cache.fresh()
            async with await c.cache.watch(since=start.revision) as watcher:
                await c.create("ns/b")
                assert [(kind, wire["rv"]) for kind, _, wire in await shown(watcher, 4)] == [
                    ("MODIFIED", 3),
                    ("MODIFIED", 5),
                    ("DELETED", 6),
                    ("ADDED", 7),
                ]

    async def test_a_watch_starts_before_the_cache_did(self) -> None:
        store = MemoryStore()
        await store.create(PREFIX + "ns/a", stored())
        await store.create("/registry/secrets/ns/x", b"{}")
        async with cluster(store) as c, await c.cache.watch(since=1) as watcher:
            await c.create("ns/b")
            assert [name for _, name, _ in await shown(watcher, 2)] == ["ns/a", "ns/b"]

    async def test_a_watch_on_an_empty_store_may_start_at_zero(self) -> None:
        async with cluster() as c, await c.cache.watch(since=0) as watcher:
            await c.create("ns/a")
            assert [name for _, name, _ in await shown(watcher, 1)] == ["ns/a"]

    async def test_a_watch_from_a_compacted_revision_is_expired(self) -> None:
        async with cluster(recent=1) as c:
            for n in range(5):
                await c.create(f"ns/{n}")
            await c.store.compact(4)
            await c.cache.fresh()
            with pytest.raises(Expired, match=r"too old resource version: 2 \(4\)"):
                await c.cache.watch(since=2)

    async def test_scopes_are_a_resource_a_namespace_or_one_object(self) -> None:
        async with cluster() as c:
            everything = await c.cache.watch(since=1)
            namespace = await c.cache.watch(PREFIX + "a/", since=1)
            one = await c.cache.watch(PREFIX + "a/x", since=1)
            for name in ["a/x", "a/xy", "b/x"]:
                await c.create(name)
            await c.cache.fresh()
            assert [name for _, name, _ in await shown(everything, 3)] == ["a/x", "a/xy", "b/x"]
            for watcher, names in [(namespace, ["a/x", "a/xy"]), (one, ["a/x"])]:
                live = [event.entry.key for event in await watcher.batch() if event.entry]
                past = await c.cache.watch(watcher.scope, since=1)
                again = [event.entry.key for event in await past.batch() if event.entry]
                assert live == again == [PREFIX + name for name in names]

    async def test_objects_enter_and_leave_a_selection(self) -> None:
        """As the API server's: what leaves is shown as it last was inside, at the revision of the change."""
        async with cluster() as c:
            live = await c.cache.watch(since=1, matches=in_selection)
            await c.create("ns/a", **{"in": "no"})
            await c.change("ns/a", **{"in": "yes"})
            await c.change("ns/a", **{"in": "yes"}, k="v")
            await c.change("ns/a", **{"in": "no"}, k="w")
            await c.change("ns/a", **{"in": "no"}, k="unseen")
            await c.change("ns/a", **{"in": "yes"}, k="unseen")
            await c.delete("ns/a")
            await c.create("ns/b")
            await c.delete("ns/b")
            await c.create("ns/end", **{"in": "yes"})
            expected = [
                ("ADDED", {"kind": "ConfigMap", "in": "yes", "rv": 3}),
                ("MODIFIED", {"kind": "ConfigMap", "in": "yes", "k": "v", "rv": 4}),
                ("DELETED", {"kind": "ConfigMap", "in": "yes", "k": "v", "rv": 5}),
                ("ADDED", {"kind": "ConfigMap", "in": "yes", "k": "unseen", "rv": 7}),
                ("DELETED", {"kind": "ConfigMap", "in": "yes", "k": "unseen", "rv": 8}),
                ("ADDED", {"kind": "ConfigMap", "in": "yes", "rv": 11}),
            ]
            assert [(kind, wire) for kind, _, wire in await shown(live, 6)] == expected
            past = await c.cache.watch(since=1, matches=in_selection)
            assert [(kind, wire) for kind, _, wire in await shown(past, 6)] == expected

    async def test_initial_events_are_what_there_is_and_a_marked_bookmark(self) -> None:
        async with cluster() as c:
            await c.create("ns/b")
            await c.create("ns/a", **{"in": "yes"})
            await c.cache.fresh()
            for matches, names in [(None, ["ns/a", "ns/b"]), (in_selection, ["ns/a"]), (lambda _: False, [])]:
                async with await c.cache.watch(matches=matches, initial_end=True) as watcher:
                    *added, end = await watcher.batch()
                    assert [(event.type, event.entry.key) for event in added if event.entry] == [
                        ("ADDED", PREFIX + name) for name in names
                    ]
                    assert (end.type, end.revision, end.initial_end) == ("BOOKMARK", 3, True)

    async def test_initial_events_go_over_into_changes(self) -> None:
        async with cluster() as c:
            await c.create("ns/a")
            await c.cache.fresh()
            async with await c.cache.watch() as watcher:
                await c.change("ns/a", n=1)
                assert [(kind, wire["rv"]) for kind, _, wire in await shown(watcher, 2)] == [
                    ("ADDED", 2),
                    ("MODIFIED", 3),
                ]

    async def test_a_bookmark_says_how_far_the_reader_has_come(self) -> None:
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

    async def test_bookmarks_have_the_watched_kind_and_nothing_else(self) -> None:
        event = WatchEvent("BOOKMARK", None, 7, initial_end=True)
        assert orjson.loads(bookmark(event, "v1", "Secret")) == {
            "kind": "Secret",
            "apiVersion": "v1",
            "metadata": {
                "resourceVersion": "7",
                "annotations": {"k8s.io/initial-events-end": "true"},
            },
        }

    async def test_a_thousand_watchers_cost_one_encoding_per_change(self, monkeypatch: pytest.MonkeyPatch) -> None:
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

    async def test_a_slow_watcher_is_dropped_alone(self) -> None:
        async with cluster(backlog=3) as c:
            slow = await c.cache.watch(since=1)
            quick = await c.cache.watch(since=1)
            for n in range(5):
                await c.create(f"ns/{n}")
                await c.cache.fresh()
                assert [event.revision for event in await quick.batch()] == [n + 2]
            assert [event.revision for event in await slow.batch()] == [2, 3, 4]
            assert (await slow.batch(), slow.ended) == ([], True)  # to be taken up again at revision 4

    async def test_events_go_straight_to_a_reader_that_waits_and_else_into_its_batch(self) -> None:
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

    async def test_closing_the_cache_ends_its_watches(self) -> None:
        async with cluster() as c:
            watcher = await c.cache.watch(since=1)
            await c.create("ns/a")
            await c.cache.fresh()
            c.cache.close()
            assert len(await watcher.batch()) == 1
            assert not watcher.ended
            assert await watcher.batch() == []
            assert watcher.ended

    async def test_a_closed_watcher_gets_nothing_more(self) -> None:
        async with cluster() as c:
            async with await c.cache.watch(since=1) as watcher:
                pass
            await c.create("ns/a")
            await c.cache.fresh()
            assert await watcher.batch() == []
