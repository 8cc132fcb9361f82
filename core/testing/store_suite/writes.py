"""Promises about writes: each counts the one revision up, and none is done over another that it has not seen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sampan.core.errors import AlreadyExists, Conflict, NotFound
from sampan.core.store.contract import KeyValue, Store
from sampan.core.testing.store_suite.bench import StoreBench


class WritePromises(StoreBench):
    """`create`, `update` and `delete`."""

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

    async def test_an_acknowledged_write_can_be_read_at_once(self, tmp_path: Path) -> None:
        async with self.opened(tmp_path) as store:
            for n in range(10):
                item = await store.create(f"/{n}", b"")
                assert await store.revision() >= item.revision
                assert await store.get(f"/{n}") == item

    async def _unchanged(self, store: Store, key: str, value: bytes) -> None:
        item = await store.get(key)
        assert item is not None
        assert (item.value, await store.revision()) == (value, 2)
