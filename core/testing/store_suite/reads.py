"""Promises about lists: their order, their pages, the revision that they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.core.errors import Timeout
from sampan.core.testing.store_suite.bench import StoreBench


class ListPromises(StoreBench):
    """`list`."""

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
