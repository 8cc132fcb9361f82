"""Promises about what has been: it is kept until it is compacted, and told as it was."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampan.core.errors import ApiError, Expired
from sampan.core.store.contract import KeyValue, Store
from sampan.core.testing.store_model import PREFIXES, Step, StoreModel, steps
from sampan.core.testing.store_suite.bench import StoreBench, collect, seen


class HistoryPromises(StoreBench):
    """`compact`, and whatever happened together."""

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
