"""What is left of the enforcement of NetworkPolicies when a cluster stops: what holds, and nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from sampan.core.contracts.policy import Guard
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.networking_v1.network_policy import NetworkPolicy
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.lister import InformerSet
from sampan.core.schema.codec import from_wire
from sampan.core.services.guardian import Guardian
from sampan.core.testing.fake_api import FakeApi
from tests.support.wait import soon

pytestmark = pytest.mark.anyio

POLICY = from_wire(NetworkPolicy, {"metadata": {"name": "shut", "namespace": "default"}, "spec": {"podSelector": {}}})
POD = from_wire(Pod, {"metadata": {"name": "a", "namespace": "default"}, "status": {"podIP": "10.0.0.1"}})


class Enforcer:
    """Keeps what it was told. It takes its time until ``may_go_on``."""

    def __init__(self) -> None:
        self.told: list[int | str] = []
        self.may_go_on = threading.Event()

    def sync(self, guards: Sequence[Guard]) -> None:
        self.told.append(len(guards))
        assert self.may_go_on.wait(10)

    def destroy(self) -> None:
        self.told.append("destroyed")


@asynccontextmanager
async def guarded(enforcer: Enforcer, *objects: KubeObject) -> AsyncIterator[None]:
    """Until the enforcer has been told something."""
    api = FakeApi(Namespace(metadata=ObjectMeta(name="default")), *objects)
    informers = InformerSet(api, api.clock)
    guardian = Guardian(enforcer, informers, EventRecorder(api, api.clock, "network-policies", "n"), api.clock)
    await informers.start()
    await guardian.start()

    async def told() -> bool:
        return bool(enforcer.told)

    await soon(told)
    yield
    await guardian.stop()
    await informers.stop()


async def test_where_nothing_is_guarded_nothing_is_left() -> None:
    enforcer = Enforcer()
    async with guarded(enforcer, POD):
        enforcer.may_go_on.set()
    assert enforcer.told == [0, "destroyed"]


async def test_also_where_the_end_comes_in_the_middle_of_it() -> None:
    enforcer = Enforcer()
    async with guarded(enforcer, POD):
        asyncio.get_running_loop().call_soon(enforcer.may_go_on.set)
    assert enforcer.told == [0, "destroyed"]


async def test_what_holds_goes_on_to_hold() -> None:
    enforcer = Enforcer()
    enforcer.may_go_on.set()
    async with guarded(enforcer, POD, POLICY):
        pass
    assert enforcer.told == [1]
