"""Promises about watches: every later write, once, in order, from wherever they start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sampan.core.errors import ServiceUnavailable
from sampan.core.store.contract import StoreEvent
from sampan.core.testing.store_suite.bench import PATIENCE, StoreBench, collect


class WatchPromises(StoreBench):
    """`watch`, and its end by `close`."""

    async def test_watch_shows_every_later_write_below_its_prefix(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            await store.create("/x/before", b"")
            async with store.watch("/x/", await store.revision()) as events:
                a = await store.create("/x/a", b"1")
                await store.create("/y/a", b"elsewhere")
                a2 = await store.update("/x/a", b"2", a.revision)
                gone = await store.delete("/x/a", a2.revision)
                assert await collect(events, 3) == [
                    StoreEvent("put", a, None),
                    StoreEvent("put", a2, a),
                    StoreEvent("delete", gone, a2),
                ]

    async def test_watch_starts_in_the_past(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            a = await store.create("/x/a", b"1")
            a2 = await store.update("/x/a", b"2", a.revision)
            await store.create("/y/a", b"elsewhere")
            gone = await store.delete("/x/a", a2.revision)
            again = await store.create("/x/a", b"3")
            async with store.watch("/x/", a.revision) as events:
                live = await store.create("/x/b", b"")
                assert await collect(events, 4) == [
                    StoreEvent("put", a2, a),
                    StoreEvent("delete", gone, a2),
                    StoreEvent("put", again, None),
                    StoreEvent("put", live, None),
                ]

    async def test_watch_from_a_list_misses_nothing_while_others_write(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:

            async def write(name: str) -> None:
                for n in range(20):
                    await store.create(f"/x/{name}-{n}", b"")

            async def follow() -> list[int]:
                listing = await store.list("/x/")
                async with store.watch("/x/", listing.revision) as events:
                    live = await collect(events, 80 - len(listing.items))
                return [item.revision for item in listing.items] + [event.revision for event in live]

            writers = [asyncio.create_task(write(name)) for name in "abcd"]
            followers = []
            for n in range(5):
                await store.create(f"/pace/{n}", b"")
                followers.append(asyncio.create_task(follow()))
            results = await asyncio.gather(*followers)
            await asyncio.gather(*writers)
            revisions = sorted(item.revision for item in (await store.list("/x/")).items)
            assert len(revisions) == 80
            for result in results:
                assert sorted(result) == revisions

    async def test_watch_from_a_later_revision_waits_for_it(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store, store.watch("/", 3) as events:
            for n in range(3):
                await store.create(f"/{n}", b"")
            assert [event.revision for event in await collect(events, 1)] == [4]

    async def test_close_ends_watches_and_can_be_repeated(self, tmp_path: Path) -> None:
        store = await self.open_store(tmp_path)
        async with store.watch("/", 1) as events:
            item = await store.create("/a", b"")
            await store.close()
            async with asyncio.timeout(PATIENCE):
                assert [event.item async for event in events] == [item]
        await store.close()
        with pytest.raises(ServiceUnavailable):
            await store.create("/b", b"")
