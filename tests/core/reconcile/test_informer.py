"""Informers: what is cached, who is told, and what happens when history is too short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sampan.core.errors import ConfigError, Expired, ServiceUnavailable
from sampan.core.model.builtin import ConfigMap, Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.reconcile.informer import Informer
from sampan.core.reconcile.lister import InformerLister, InformerSet
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi

pytestmark = pytest.mark.anyio


def config_map(name: str, **meta: Any) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default", **meta))


@asynccontextmanager
async def running(informer: Informer[Any]) -> AsyncIterator[None]:
    task = asyncio.create_task(informer.run())
    try:
        await informer.synced.wait()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def by_label(obj: KubeObject) -> Iterable[str]:
    return obj.metadata.labels.values()


async def test_changes_are_told_with_old_and_new_and_indexes_follow() -> None:
    api = FakeApi(config_map("a", labels={"x": "red"}))
    informer = Informer(api, ConfigMap, api.clock)
    informer.add_index("label", by_label)
    told: list[tuple[str | None, str | None]] = []

    def on_change(old: KubeObject | None, new: KubeObject | None) -> None:
        before, after = (each.metadata.labels.get("x") if each else None for each in (old, new))
        told.append((before, after))

    async with running(informer):
        informer.subscribe(on_change)
        api.put(config_map("a", labels={"x": "blue"}))
        await informer.until(lambda: len(told) == 2)
        assert [obj.metadata.name for obj in informer.indexed("label", "blue")] == ["a"]
        assert not informer.indexed("label", "red")
        api.remove(ConfigMap, "default", "a")
        await informer.until(lambda: informer.get("default", "a") is None)
        assert not informer.indexed("label", "blue")
    assert told == [(None, "red"), ("red", "blue"), ("blue", None)]


async def test_objects_are_found_by_owner_and_namespace() -> None:
    owner = OwnerReference(api_version="v1", kind="Node", name="n", uid="u-1")
    api = FakeApi(config_map("owned", owner_references=(owner,)), config_map("free"))
    informers = InformerSet(api, api.clock)
    informers.informer(ConfigMap)
    await informers.start()
    state = InformerLister(informers)
    assert [obj.metadata.name for obj in state.owned_by(ConfigMap, "u-1")] == ["owned"]
    assert {obj.metadata.name for obj in state.list(ConfigMap, "default")} == {"owned", "free"}
    assert not state.list(ConfigMap, "elsewhere")
    with pytest.raises(LookupError, match="no controller watches pods"):
        state.list(Pod)
    await informers.stop()


class Forgetful(FakeApi):
    """Its first watch fails, after changes that nobody saw."""

    failure: Exception = Expired("too old resource version")
    watches = 0

    @asynccontextmanager
    async def watch(self, kind: Any, namespace: Any = None, **options: Any) -> AsyncIterator[Any]:
        self.watches += 1
        if self.watches == 1:
            self.put(config_map("new"))
            self.remove(ConfigMap, "default", "old")
            raise self.failure
        async with super().watch(kind, namespace, **options) as events:
            yield events


async def test_a_history_that_is_too_short_means_a_new_list_without_losing_a_change() -> None:
    api = Forgetful(config_map("old"))
    informer = Informer(api, ConfigMap, api.clock)
    gone: list[str | None] = []
    informer.subscribe(lambda old, new: gone.append(old.metadata.name) if old and not new else None)
    async with running(informer):
        await informer.until(lambda: informer.get("default", "new") is not None)
        assert informer.get("default", "old") is None
    assert gone == ["old"]


@pytest.mark.parametrize("failure", [ServiceUnavailable("starting"), KeyError("a defect")])
async def test_a_server_that_is_away_is_asked_again_after_a_while(failure: Exception) -> None:
    clock = FakeClock()
    api = Forgetful(config_map("old"), clock=clock)
    api.failure = failure
    informer = Informer(api, ConfigMap, clock)
    async with running(informer):
        await clock.asked()
        assert api.watches == 1
        clock.advance(clock.next_due or 0)
        await informer.until(lambda: informer.get("default", "new") is not None)
    assert api.watches == 2


async def test_two_meanings_of_one_index_are_refused() -> None:
    informer = Informer(FakeApi(), ConfigMap, FakeClock())
    informer.add_index("label", by_label)
    informer.add_index("label", by_label)
    with pytest.raises(ConfigError, match="'label'"):
        informer.add_index("label", lambda obj: ())


def by_colour(obj: KubeObject) -> Iterable[tuple[str, str]]:
    if colour := obj.metadata.labels.get("x"):
        yield obj.metadata.namespace or "", colour


async def test_tallies_follow_changes() -> None:
    api = FakeApi(config_map("a", labels={"x": "red"}), config_map("b", labels={"x": "red"}), config_map("c"))
    informer = Informer(api, ConfigMap, api.clock)
    informer.add_tally("colours", by_colour)
    async with running(informer):
        assert informer.tally("colours", "default") == {"red": 2}
        api.put(config_map("a", labels={"x": "blue"}))
        await informer.until(lambda: informer.tally("colours", "default") == {"red": 1, "blue": 1})
        api.remove(ConfigMap, "default", "a")
        api.remove(ConfigMap, "default", "b")
        await informer.until(lambda: not informer.tally("colours", "default"))
    with pytest.raises(ConfigError, match="count configmaps as 'colours' in different ways"):
        informer.add_tally("colours", lambda _obj: ())
