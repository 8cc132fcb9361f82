"""The store contract as tests: every promise of `sampan.core.store.contract.Store`.

A store's author subclasses `StoreContract` (or `DurableStoreContract`, where data outlive the process) in a test module and
says how to open the store::

    class TestMyStore(DurableStoreContract):
        async def open_store(self, directory: Path) -> Store:
            return open_mine(f"mine://{directory}/data")

pytest then runs all of it, with anyio's plugin. ``directory`` is empty and the test's own, and the same one means the same
data; a store that keeps its data elsewhere can take the directory's path as a name.
"""

from __future__ import annotations

import asyncio
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampan.core.errors import AlreadyExists, ApiError, Conflict, Expired, NotFound, ServiceUnavailable, Timeout
from sampan.core.store.contract import KeyValue, Store, StoreEvent
from sampan.core.testing.store_model import PREFIXES, Step, StoreModel, steps

PATIENCE = 10.0
"""Seconds that a test waits for an event before it fails."""


async def collect(events: AsyncIterator[StoreEvent], count: int) -> list[StoreEvent]:
    """The next ``count`` events."""
    async with asyncio.timeout(PATIENCE):
        return [await anext(events) for _ in range(count)]


def seen(events: Sequence[StoreEvent]) -> list[tuple[str, str, bytes, int]]:
    return [(event.type, event.item.key, event.item.value, event.revision) for event in events]


@pytest.mark.anyio
class StoreContract(ABC):
    """What holds for every store."""

    @abstractmethod
    async def open_store(self, directory: Path) -> Store:
        """A store on ``directory``: empty the first time, and what was left there after that (if it is durable)."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @asynccontextmanager
    async def opened(self, directory: Path) -> AsyncIterator[Store]:
        store = await self.open_store(directory)
        try:
            yield store
        finally:
            await store.close()

    async def test_an_empty_store_is_at_revision_one(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            assert await store.revision() == 1
            assert await store.get("/a") is None
            assert list((await store.list("/")).items) == []

    async def test_every_write_counts_the_one_revision_up_by_one(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            a = await store.create("/a", b"1")
            b = await store.create("/b", b"1")
            changed = await store.update("/a", b"2", a.revision)
            gone = await store.delete("/b", b.revision)
            assert [a.revision, b.revision, changed.revision, gone.revision] == [2, 3, 4, 5]
            assert await store.revision() == 5

    async def test_a_value_knows_when_it_was_created_and_changed(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            first = await store.create("/a", b"1")
            assert await store.update("/a", b"2", first.revision) == KeyValue("/a", b"2", created=2, revision=3)
            assert await store.get("/a") == KeyValue("/a", b"2", created=2, revision=3)

    async def test_a_key_made_again_is_created_anew(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            first = await store.create("/a", b"1")
            await store.delete("/a", first.revision)
            assert await store.create("/a", b"2") == KeyValue("/a", b"2", created=4, revision=4)

    async def test_create_refuses_a_key_that_is_there(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            await store.create("/a", b"1")
            with pytest.raises(AlreadyExists):
                await store.create("/a", b"2")
            await self._unchanged(store, "/a", b"1")

    async def test_update_and_delete_refuse_another_revision(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            item = await store.create("/a", b"1")
            with pytest.raises(Conflict):
                await store.update("/a", b"2", item.revision - 1)
            with pytest.raises(Conflict):
                await store.delete("/a", item.revision + 1)
            await self._unchanged(store, "/a", b"1")

    async def test_update_and_delete_refuse_a_key_that_is_not_there(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            await store.create("/a", b"1")
            with pytest.raises(NotFound):
                await store.update("/b", b"2", 2)
            with pytest.raises(NotFound):
                await store.delete("/b", 2)
            await self._unchanged(store, "/a", b"1")

    async def test_delete_returns_the_last_value_at_the_revision_of_the_delete(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            item = await store.create("/a", b"1")
            assert await store.delete("/a", item.revision) == KeyValue("/a", b"1", created=2, revision=3)
            assert await store.get("/a") is None

    async def test_values_are_opaque_bytes(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            for number, value in enumerate([b"", b"\x00\xff\x00", bytes(3_000_000)]):
                await store.create(f"/{number}", value)
                read = await store.get(f"/{number}")
                assert read is not None
                assert read.value == value

    async def test_of_writers_at_the_same_time_one_wins(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            item = await store.create("/a", b"0")
            writes = [store.update("/a", b"%d" % n, item.revision) for n in range(20)]
            results = await asyncio.gather(*writes, return_exceptions=True)
            winners = [result for result in results if isinstance(result, KeyValue)]
            assert len(winners) == 1
            assert all(isinstance(result, Conflict) for result in results if result is not winners[0])
            assert await store.get("/a") == winners[0]
            assert await store.revision() == 3

    async def test_a_refused_write_leaves_those_beside_it_alone(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            await store.create("/5", b"there before")
            results = await asyncio.gather(*(store.create(f"/{n}", b"new") for n in range(10)), return_exceptions=True)
            assert [isinstance(result, AlreadyExists) for result in results] == [n == 5 for n in range(10)]
            assert len((await store.list("/")).items) == 10
            assert await store.revision() == 11

    async def test_list_is_in_byte_order_below_the_prefix(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            for key in [
                "/pods/b/1",
                "/podsets/a",
                "/pods/a/2",
                "/pods/a/10",
                "/pods/é/1",
                "/pod",
                "/pods/Z/1",
                "/pods/😀",
            ]:
                await store.create(key, b"")
            keys = [item.key for item in (await store.list("/pods/")).items]
            assert keys == ["/pods/Z/1", "/pods/a/10", "/pods/a/2", "/pods/b/1", "/pods/é/1", "/pods/😀"]

    async def test_pages_of_a_list_stay_at_one_revision(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            made = [await store.create(f"/x/{n}", b"old") for n in range(5)]
            first = await store.list("/x/", limit=2)
            assert [item.key for item in first.items] == ["/x/0", "/x/1"]
            assert (first.revision, first.remaining) == (6, 3)

            await store.create("/x/3b", b"new")
            await store.update("/x/3", b"new", made[3].revision)
            await store.delete("/x/4", made[4].revision)
            await store.delete("/x/0", made[0].revision)

            second = await store.list("/x/", start_after="/x/1", limit=2, revision=first.revision)
            assert [(item.key, item.value, item.revision) for item in second.items] == [
                ("/x/2", b"old", 4),
                ("/x/3", b"old", 5),
            ]
            assert (second.revision, second.remaining) == (6, 1)
            third = await store.list("/x/", start_after="/x/3", limit=2, revision=first.revision)
            assert [item.key for item in third.items] == ["/x/4"]
            assert third.remaining == 0

    async def test_a_revision_that_has_not_been_is_refused(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            with pytest.raises(Timeout):
                await store.list("/", revision=99)

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

    async def test_an_acknowledged_write_can_be_read_at_once(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            for n in range(10):
                item = await store.create(f"/{n}", b"")
                assert await store.revision() >= item.revision
                assert await store.get(f"/{n}") == item

    async def test_compaction_forgets_history_and_keeps_values(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            a = await store.create("/a", b"1")
            a2 = await store.update("/a", b"2", a.revision)
            b = await store.create("/b", b"1")
            await store.delete("/b", b.revision)
            await store.compact(b.revision)
            with pytest.raises(Expired):
                await store.list("/", revision=a2.revision)
            with pytest.raises(Expired):
                async with store.watch("/", a2.revision):
                    pass
            at = await store.list("/", revision=b.revision)
            assert [item.key for item in at.items] == ["/a", "/b"]
            async with store.watch("/", b.revision) as events:
                assert seen(await collect(events, 1)) == [("delete", "/b", b"1", 5)]
            assert await store.get("/a") == a2

    async def test_compaction_of_everything_leaves_the_revision(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            item = await store.create("/a", b"")
            gone = await store.delete("/a", item.revision)
            await store.compact(gone.revision + 1000)
            assert await store.revision() == gone.revision
            assert (await store.create("/b", b"")).revision == gone.revision + 1
            async with store.watch("/", gone.revision) as events:
                assert [event.item.key for event in await collect(events, 1)] == ["/b"]

    async def test_compaction_does_not_go_back(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            await store.create("/a", b"")
            await store.create("/b", b"")
            await store.compact(3)
            await store.compact(2)
            with pytest.raises(Expired):
                await store.list("/", revision=2)

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

    @given(st.lists(steps(), max_size=40))
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def test_it_behaves_like_a_dictionary_with_a_history(self, story: list[Step]) -> None:
        async def play() -> None:
            with tempfile.TemporaryDirectory() as directory:
                async with self.opened(Path(directory)) as store:
                    await self._play(store, story)

        asyncio.run(play())

    async def _play(self, store: Store, story: list[Step]) -> None:
        model = StoreModel()
        for step in story:
            expected = model.apply(step)
            assert await self._outcome(store, step, model.asked) == expected
            assert await store.revision() == model.revision
        for revision in range(model.compacted, model.revision + 1):
            for prefix in PREFIXES:
                listing = await store.list(prefix, revision=revision)
                assert list(listing.items) == model.items_at(revision, prefix)
                expected_events = model.events_after(revision, prefix)
                async with store.watch(prefix, revision) as events:
                    assert await collect(events, len(expected_events)) == expected_events

    async def _outcome(self, store: Store, step: Step, revision: int) -> KeyValue | type[ApiError] | None:
        try:
            match step.verb:
                case "create":
                    return await store.create(step.key, step.value)
                case "update":
                    return await store.update(step.key, step.value, revision)
                case "delete":
                    return await store.delete(step.key, revision)
                case "compact":
                    await store.compact(revision)
        except ApiError as error:
            return type(error)
        return None

    async def _unchanged(self, store: Store, key: str, value: bytes) -> None:
        item = await store.get(key)
        assert item is not None
        assert (item.value, await store.revision()) == (value, 2)


class DurableStoreContract(StoreContract):
    """What holds besides for a store whose data outlive the process."""

    async def test_everything_is_there_after_opening_again(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            a = await store.create("/a", b"1")
            a2 = await store.update("/a", b"2", a.revision)
            b = await store.create("/b", b"1")
            gone = await store.delete("/b", b.revision)
        async with self.opened(tmp_path) as store:
            assert await store.revision() == gone.revision
            assert list((await store.list("/")).items) == [a2]
            assert (await store.create("/c", b"")).revision == gone.revision + 1

    async def test_a_watch_goes_on_where_it_was_before_opening_again(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            a = await store.create("/a", b"1")
            a2 = await store.update("/a", b"2", a.revision)
        async with self.opened(tmp_path) as store, store.watch("/", a.revision) as events:
            assert await collect(events, 1) == [StoreEvent("put", a2, a)]

    async def test_compaction_outlives_opening_again(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            a = await store.create("/a", b"1")
            await store.delete("/a", a.revision)
            await store.compact(3)
        async with self.opened(tmp_path) as store:
            assert await store.revision() == 3
            with pytest.raises(Expired):
                await store.list("/", revision=2)
