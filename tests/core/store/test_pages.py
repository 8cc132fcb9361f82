"""Lists in pages: they go on at the first one's revision, from the cache where nothing has changed, else from the store."""

from __future__ import annotations

import pytest

from sampan.core.errors import Expired, Timeout
from sampan.core.store.entry import Entry
from tests.support.watch_cache import PREFIX, cluster, in_selection

pytestmark = pytest.mark.anyio


async def test_pages_go_on_at_the_first_ones_revision() -> None:
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


async def test_pages_of_what_has_not_changed_are_not_read_from_the_store() -> None:
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


async def test_pages_get_too_old_whether_anything_has_changed_or_not() -> None:
    async with cluster() as c:
        for n in range(3):
            await c.create(f"ns/{n}")
        await c.cache.fresh()
        first = await c.cache.page(limit=1)
        await c.write_elsewhere()
        await c.store.compact(first.revision)
        await c.cache.fresh()
        assert (await c.cache.page(limit=1, start_after=first.next_after, revision=first.revision)).remaining == 1
        await c.store.compact(await c.store.revision())
        with pytest.raises(Expired):
            await c.cache.page(limit=1, start_after=first.next_after, revision=first.revision)


async def test_a_page_costs_what_it_shows_however_much_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted(dict[str, Entry]):
        looks = 0

        def __getitem__(self, key: str) -> Entry:
            Counted.looks += 1
            return super().__getitem__(key)

    async with cluster() as c:
        for n in range(200):
            await c.create(f"ns/{n:03}", n=n, **({} if n % 4 else {"in": "yes"}))
        await c.cache.fresh()
        monkeypatch.setattr(c.cache, "_entries", Counted(c.cache._entries))
        page = await c.cache.page(limit=5, start_after=PREFIX + "ns/099")
        assert ([e.wire["n"] for e in page.entries], page.remaining, Counted.looks) == ([*range(100, 105)], 95, 5)
        Counted.looks = 0
        chosen = await c.cache.page(limit=5, start_after=PREFIX + "ns/099", matches=in_selection)
        assert [e.wire["n"] for e in chosen.entries] == [100, 104, 108, 112, 116]
        assert Counted.looks == 17, "up to the fifth: whether more match, the next page tells"


@pytest.mark.parametrize("changed_meanwhile", [False, True])
async def test_a_page_of_a_selection_is_full(changed_meanwhile: bool) -> None:
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
        rest = await c.cache.page(limit=3, start_after=first.next_after, revision=first.revision, matches=in_selection)
        assert ([e.wire["n"] for e in rest.entries], rest.next_after) == ([7], "")


async def test_a_compacted_revision_is_expired_and_a_later_one_too_large() -> None:
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
