"""Garbage collection over a small API: background, foreground, orphans, several owners, and stale caches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import ExpectGone
from sampan.core.model.builtin import BUILTIN_KINDS, ConfigMap, Node, Secret
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.reconcile.engine import Engine
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi
from sampan.core.testing.state import State
from sampan.plugins.controllers.garbage_collector import GarbageCollector

pytestmark = pytest.mark.anyio


def config_map(name: str, *owners: KubeObject, blocking: bool = False, **meta: Any) -> ConfigMap:
    return ConfigMap(metadata=_meta(name, owners, blocking, meta))


def secret(name: str, *owners: KubeObject, blocking: bool = False, **meta: Any) -> Secret:
    return Secret(metadata=_meta(name, owners, blocking, meta))


def _meta(name: str, owners: tuple[KubeObject, ...], blocking: bool, meta: dict[str, Any]) -> ObjectMeta:
    references = tuple(
        OwnerReference(
            api_version=info(type(owner)).api_version,
            kind=info(type(owner)).kind,
            name=owner.metadata.name or "",
            uid=owner.metadata.uid or "",
            block_owner_deletion=blocking or None,
        )
        for owner in owners
    )
    return ObjectMeta(name=name, namespace="default", uid=f"uid-{name}", owner_references=references, **meta)


@asynccontextmanager
async def collecting(*objects: KubeObject) -> AsyncIterator[FakeApi]:
    api = FakeApi(*objects)
    engine = Engine([GarbageCollector(BUILTIN_KINDS)], lambda name: api, clock=api.clock)
    await engine.start()
    api.settle = lambda: _settle(api, engine)  # type: ignore[attr-defined]
    try:
        await _settle(api, engine)
        yield api
    finally:
        await engine.stop()


async def _settle(api: FakeApi, engine: Engine) -> None:
    assert isinstance(api.clock, FakeClock)
    await api.delivered()
    await engine.settled()
    while api.clock.next_due is not None and api.clock.next_due < 1:
        api.clock.advance(api.clock.next_due)
        await engine.settled()


def names(api: FakeApi) -> set[str | None]:
    return {obj.metadata.name for kind in (ConfigMap, Secret) for obj in api.all(kind)}


async def settle(api: FakeApi) -> None:
    await api.settle()  # type: ignore[attr-defined]


async def test_what_an_owner_leaves_behind_goes_down_to_the_last_grandchild() -> None:
    owner = config_map("owner")
    child = secret("child", owner)
    async with collecting(owner, child, config_map("grandchild", child), config_map("other")) as api:
        await api.delete(ConfigMap, "default", "owner")
        await settle(api)
        assert names(api) == {"other"}


async def test_one_owner_is_enough_to_stay() -> None:
    first, second = config_map("first"), config_map("second")
    async with collecting(first, second, secret("both", first, second)) as api:
        await api.delete(ConfigMap, "default", "first")
        await settle(api)
        left = api.find(Secret, "default", "both").metadata.owner_references
        assert [reference.name for reference in left] == ["second"]


async def test_a_foreground_deletion_waits_for_those_that_block() -> None:
    owner = config_map("owner")
    blocking = secret("blocking", owner, blocking=True, finalizers=("example.com/hold",))
    async with collecting(owner, blocking, secret("free", owner, finalizers=("example.com/hold",))) as api:
        await api.delete(ConfigMap, "default", "owner", propagation="Foreground")
        await settle(api)
        assert names(api) == {"owner", "blocking", "free"}
        assert all(obj.metadata.deletion_timestamp for obj in api.all(Secret))
        await api.patch(Secret, "default", "blocking", {"metadata": {"finalizers": None}})
        await settle(api)
        assert names(api) == {"free"}


async def test_a_foreground_deletion_goes_on_below() -> None:
    owner = config_map("owner")
    child = secret("child", owner, blocking=True)
    held = config_map("held", child, blocking=True, finalizers=("example.com/hold",))
    async with collecting(owner, child, held) as api:
        await api.delete(ConfigMap, "default", "owner", propagation="Foreground")
        await settle(api)
        assert names(api) == {"owner", "child", "held"}
        await api.patch(ConfigMap, "default", "held", {"metadata": {"finalizers": None}})
        await settle(api)
        assert names(api) == set()


async def test_orphans_are_set_free() -> None:
    owner = config_map("owner")
    async with collecting(owner, secret("child", owner)) as api:
        await api.delete(ConfigMap, "default", "owner", propagation="Orphan")
        await settle(api)
        assert names(api) == {"child"}
        assert api.find(Secret, "default", "child").metadata.owner_references == ()


async def test_two_that_own_each_other_both_go() -> None:
    first, second = config_map("first"), config_map("second")
    first = config_map("first", second, blocking=True)
    async with collecting(first, config_map("second", first, blocking=True)) as api:
        await api.delete(ConfigMap, "default", "first", propagation="Foreground")
        await settle(api)
        assert names(api) == set()


async def test_another_object_of_the_same_name_is_not_the_owner() -> None:
    owner = config_map("owner")
    async with collecting(evolve(owner, metadata=evolve(owner.metadata, uid="new")), secret("child", owner)) as api:
        assert names(api) == {"owner"}


def test_an_owner_that_only_the_cache_does_not_know_is_asked_for_first() -> None:
    collector = GarbageCollector(BUILTIN_KINDS)
    owner = config_map("owner")
    plan = collector.reconcile(Key("default", "secrets/child"), State(secret("child", owner)), FakeClock().now())
    assert plan.actions[0] == ExpectGone(kind=ConfigMap, namespace="default", name="owner", uid="uid-owner")


@pytest.mark.parametrize("api_version", ["example.com/v1", "v1"])
def test_owners_of_unknown_kinds_are_never_taken_for_gone(api_version: str) -> None:
    collector = GarbageCollector(BUILTIN_KINDS)
    stranger = OwnerReference(api_version=api_version, kind="Unknown", name="x", uid="y")
    child = Secret(metadata=ObjectMeta(name="child", namespace="default", owner_references=(stranger,)))
    plan = collector.reconcile(Key("default", "secrets/child"), State(child), FakeClock().now())
    assert plan.actions == ()


def test_a_cluster_wide_object_cannot_be_owned_from_within_a_namespace() -> None:
    collector = GarbageCollector(BUILTIN_KINDS)
    owner = OwnerReference(api_version="v1", kind="ConfigMap", name="x", uid="y")
    node = Node(metadata=ObjectMeta(name="n", owner_references=(owner,)))
    assert collector.reconcile(Key("", "nodes/n"), State(node), FakeClock().now()).actions == ()
