"""Of two control planes on one store one acts; the other takes over when it goes, or can no longer renew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Create, Patch, Plan
from sampan.core.errors import ServiceUnavailable
from sampan.core.model.builtin import ConfigMap
from sampan.core.model.coordination_v1.lease import Lease
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.reconcile.engine import Engine
from sampan.core.reconcile.leadership import EVERY, LASTS, RENEWED_WITHIN, Leadership
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi
from sampan.core.testing.wait import soon

pytestmark = pytest.mark.anyio


class Copies:
    """For each ConfigMap ``a`` makes another of a name that the server gives: twice is one too many."""

    name = "copies"
    watches = (Watch(kind=ConfigMap),)

    def __init__(self) -> None:
        self.decided: list[str] = []

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        found = state.get(ConfigMap, key.namespace, key.name)
        if found is None or found.metadata.generate_name or found.metadata.annotations:
            return NOTHING
        self.decided.append(key.name)
        copy = ConfigMap(metadata=ObjectMeta(generate_name="copy-", namespace="default"))
        done = {"metadata": {"annotations": {"copied": "yes"}}}
        return Plan(
            actions=(
                Create(obj=copy),
                Patch(kind=ConfigMap, namespace=key.namespace, name=key.name, patch=done),
            )
        )


class Plane:
    """The controllers of one control plane, with their share in the election."""

    def __init__(self, api: FakeApi, name: str) -> None:
        self.unreachable = False
        self.controller = Copies()
        self.leadership = Leadership(_Cut(self, api), api.clock, name)
        self.engine = Engine([self.controller], lambda _: api, clock=api.clock, leadership=self.leadership)


class _Cut:
    """The API, until the plane cannot reach it."""

    def __init__(self, plane: Plane, api: FakeApi) -> None:
        self._plane, self._api = plane, api

    def __getattr__(self, name: str) -> Any:
        if self._plane.unreachable:
            raise ServiceUnavailable("the store cannot be reached")
        return getattr(self._api, name)


@asynccontextmanager
async def planes(api: FakeApi, *names: str) -> AsyncIterator[list[Plane]]:
    """Started one after the other: the first leads."""
    made = [Plane(api, name) for name in names]
    for plane in made:
        plane.leadership.start()
        await plane.engine.start()
        await pass_time(api, EVERY)
    try:
        yield made
    finally:
        for plane in made:
            await plane.engine.stop()
            await plane.leadership.stop()


def config_map(name: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default"))


def copies(api: FakeApi) -> int:
    return sum(bool(each.metadata.generate_name) for each in api.all(ConfigMap))


def clock_of(api: FakeApi) -> FakeClock:
    assert isinstance(api.clock, FakeClock)
    return api.clock


async def pass_time(api: FakeApi, seconds: float) -> None:
    """In steps no longer than the election looks."""
    for _ in range(int(seconds / EVERY)):
        clock_of(api).advance(EVERY)
        for _ in range(50):
            await asyncio.sleep(0)


async def one_copy(api: FakeApi) -> None:
    async def made() -> bool:
        return copies(api) == 1

    await soon(made)


async def test_only_the_leader_acts() -> None:
    api = FakeApi()
    async with planes(api, "one", "two") as (one, two):
        assert (one.leadership.holds, two.leadership.holds) == (True, False)
        for name in ("a", "b", "c"):
            api.put(config_map(name))
        await api.delivered()
        await one.engine.settled()
        await pass_time(api, 60)
        assert (copies(api), two.controller.decided) == (3, [])
        lease = api.find(Lease, "kube-system", "kube-controller-manager").spec
        assert (lease.holder_identity, lease.lease_duration_seconds, lease.lease_transitions) == ("one", LASTS, 0)


async def test_who_stops_gives_the_lease_back_and_the_next_one_goes_on() -> None:
    api = FakeApi()
    async with planes(api, "one", "two") as (one, _):
        await one.engine.stop()
        await one.leadership.stop()
        api.put(config_map("a"))
        await pass_time(api, 2 * EVERY)
        await one_copy(api)
        lease = api.find(Lease, "kube-system", "kube-controller-manager").spec
        assert (lease.holder_identity, lease.lease_transitions) == ("two", 1)


async def test_who_cannot_renew_stops_to_act_before_another_begins() -> None:
    api = FakeApi()
    async with planes(api, "one", "two") as (one, two):
        await pass_time(api, EVERY)
        one.unreachable = True
        led: list[tuple[bool, bool]] = []
        for _ in range(int((LASTS + 2 * EVERY) / EVERY)):
            await pass_time(api, EVERY)
            led.append((one.leadership.holds, two.leadership.holds))
        assert (True, True) not in led
        assert (led[0], led[-1]) == ((True, False), (False, True))
        assert led.count((False, False)) >= (LASTS - RENEWED_WITHIN) // EVERY
        api.put(config_map("a"))
        await one_copy(api)
        assert (one.controller.decided, two.controller.decided) == ([], ["a"])
        one.unreachable = False
        await pass_time(api, 2 * LASTS)
        assert (one.leadership.holds, two.leadership.holds) == (False, True)


async def test_a_plan_that_is_under_way_goes_no_further_once_the_lease_is_lost() -> None:
    api = FakeApi()
    async with planes(api, "one", "two") as (one, _):

        def lose(verb: str, obj: object) -> None:
            if verb == "create" and isinstance(obj, ConfigMap):
                one.unreachable = True
                clock_of(api).advance(RENEWED_WITHIN)

        api.fail = lose
        api.put(config_map("a"))
        await one_copy(api)
        await api.delivered()
        assert not one.leadership.holds
        assert not api.find(ConfigMap, "default", "a").metadata.annotations
