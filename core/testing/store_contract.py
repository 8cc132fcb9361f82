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

from pathlib import Path

import pytest

from sampan.core.errors import Expired
from sampan.core.store.contract import StoreEvent
from sampan.core.testing.store_suite.bench import collect
from sampan.core.testing.store_suite.history import HistoryPromises
from sampan.core.testing.store_suite.reads import ListPromises
from sampan.core.testing.store_suite.watches import WatchPromises
from sampan.core.testing.store_suite.writes import WritePromises

__all__ = ["DurableStoreContract", "StoreContract"]


class StoreContract(WritePromises, ListPromises, WatchPromises, HistoryPromises):
    """What holds for every store."""


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
