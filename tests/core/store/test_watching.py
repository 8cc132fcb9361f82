"""What a watch shows: every change once, from where it starts, of its scope and selection."""

from __future__ import annotations

import pytest

from sampan.core.errors import Expired
from sampan.plugins.stores.memory import MemoryStore
from tests.support.watch_cache import PREFIX, cluster, in_selection, shown, stored

pytestmark = pytest.mark.anyio


async def test_every_change_once_in_order() -> None:
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
async def test_a_watch_starts_in_the_past_wherever_that_is_kept(kept: int) -> None:
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


async def test_a_watch_starts_before_the_cache_did() -> None:
    store = MemoryStore()
    await store.create(PREFIX + "ns/a", stored())
    await store.create("/registry/secrets/ns/x", b"{}")
    async with cluster(store) as c, await c.cache.watch(since=1) as watcher:
        await c.create("ns/b")
        assert [name for _, name, _ in await shown(watcher, 2)] == ["ns/a", "ns/b"]


async def test_a_watch_on_an_empty_store_may_start_at_zero() -> None:
    async with cluster() as c, await c.cache.watch(since=0) as watcher:
        await c.create("ns/a")
        assert [name for _, name, _ in await shown(watcher, 1)] == ["ns/a"]


async def test_a_watch_from_a_compacted_revision_is_expired() -> None:
    async with cluster(recent=1) as c:
        for n in range(5):
            await c.create(f"ns/{n}")
        await c.store.compact(4)
        await c.cache.fresh()
        with pytest.raises(Expired, match=r"too old resource version: 2 \(4\)"):
            await c.cache.watch(since=2)


async def test_scopes_are_a_resource_a_namespace_or_one_object() -> None:
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


async def test_objects_enter_and_leave_a_selection() -> None:
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


async def test_initial_events_are_what_there_is_and_a_marked_bookmark() -> None:
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


async def test_initial_events_go_over_into_changes() -> None:
    async with cluster() as c:
        await c.create("ns/a")
        await c.cache.fresh()
        async with await c.cache.watch() as watcher:
            await c.change("ns/a", n=1)
            assert [(kind, wire["rv"]) for kind, _, wire in await shown(watcher, 2)] == [
                ("ADDED", 2),
                ("MODIFIED", 3),
            ]
