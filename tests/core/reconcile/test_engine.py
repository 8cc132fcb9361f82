"""The engine and its runner: order, read-your-writes, failures, back-off, and a clean end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Action, Create, Delete, Emit, ExpectGone, Patch, Plan, Update
from sampan.core.errors import Cause, Conflict, Forbidden, Invalid, Permanent
from sampan.core.model.builtin import ConfigMap, Event
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.reconcile.engine import Engine
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi

pytestmark = pytest.mark.anyio

Decide = Callable[[Key, Lister], Plan]


class Decides:
    """A controller of ConfigMaps whose decision is given by the test."""

    name = "test-controller"
    watches = (Watch(kind=ConfigMap), Watch(kind=Pod, keys=lambda obj, state: ()))

    def __init__(self, decide: Decide) -> None:
        self.decide = decide
        self.seen: list[str] = []

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        self.seen.append(str(key))
        return self.decide(key, state)


@asynccontextmanager
async def running(api: FakeApi, controller: Any, **more: Any) -> AsyncIterator[Engine]:
    before = asyncio.all_tasks()
    engine = Engine([controller], lambda name: api, clock=api.clock, **more)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()
        assert asyncio.all_tasks() == before


def config_map(name: str, **meta: Any) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default", **meta))


def pod_for(owner: KubeObject, name: str | None = None) -> Pod:
    uid = owner.metadata.uid or ""
    reference = OwnerReference(api_version="v1", kind="ConfigMap", name=owner.metadata.name or "", uid=uid)
    names: dict[str, Any] = {"name": name} if name else {"generate_name": "p-"}
    return Pod(metadata=ObjectMeta(namespace="default", owner_references=(reference,), **names))


def scale_to(count: int) -> Decide:
    """Decide as a controller without any memory would: make what is missing, delete what is too much."""

    def decide(key: Key, state: Lister) -> Plan:
        owner = state.get(ConfigMap, key.namespace, key.name)
        if owner is None:
            return NOTHING
        pods = state.owned_by(Pod, owner.metadata.uid or "")
        actions: list[Action] = [Create(obj=pod_for(owner)) for _ in range(count - len(pods))]
        actions += [Delete(kind=Pod, namespace="default", name=pod.metadata.name or "") for pod in pods[count:]]
        return Plan(actions=tuple(actions))

    return decide


async def test_a_decision_sees_all_that_the_one_before_it_wrote() -> None:
    api = FakeApi(config_map("a"))
    controller = Decides(scale_to(20))
    async with running(api, controller) as engine:
        for _ in range(10):
            engine.enqueue("test-controller", Key("default", "a"))
            await asyncio.sleep(0)
        await engine.settled()
        assert len(api.all(Pod)) == 20
        controller.decide = scale_to(3)
        for _ in range(5):
            engine.enqueue("test-controller", Key("default", "a"))
            await asyncio.sleep(0)
        await engine.settled()
    assert len(api.all(Pod)) == 3
    assert [verb for verb, _ in api.requests] == ["create"] * 20 + ["delete"] * 17


async def test_an_event_is_said_with_the_name_that_the_server_gave() -> None:
    api = FakeApi(config_map("a"))

    def decide(key: Key, state: Lister) -> Plan:
        owner = state.get(ConfigMap, "default", "a")
        assert owner
        if state.owned_by(Pod, owner.metadata.uid or ""):
            return NOTHING
        then = Emit(regarding=owner, reason="SuccessfulCreate", message="Created pod: {name}")
        return Plan(actions=(Create(obj=pod_for(owner), then=then),))

    async with running(api, Decides(decide)) as engine:
        await engine.settled()
    [event] = api.all(Event)
    assert event.message == f"Created pod: {api.all(Pod)[0].metadata.name}"
    assert (event.source.component, event.reporting_component) == ("test-controller", "test-controller")
    assert (event.count, event.type, event.involved_object.name) == (1, "Normal", "a")
    name, _, stamp = (event.metadata.name or "").rpartition(".")
    assert name == "a"
    assert int(stamp, 16) == int(api.clock.now().timestamp()) * 10**9


async def test_a_failure_is_told_once_reported_and_tried_again_with_back_off() -> None:
    clock = FakeClock()
    api = FakeApi(config_map("a"), clock=clock)
    api.fail = lambda verb, obj: Invalid("no room {x}") if verb == "create" and isinstance(obj, Pod) else None

    def on_failure(error: Exception) -> tuple[Action, ...]:
        change = {"metadata": {"annotations": {"failed": str(error)}}}
        return (Patch(kind=ConfigMap, namespace="default", name="a", patch=change),)

    def decide(key: Key, state: Lister) -> Plan:
        owner = state.get(ConfigMap, "default", "a")
        assert owner
        if state.owned_by(Pod, owner.metadata.uid or ""):
            return NOTHING
        failed = Emit(regarding=owner, reason="FailedCreate", message="Error creating: {error}", type="Warning")
        return Plan(actions=(Create(obj=pod_for(owner)),) * 3, on_error=failed, on_failure=on_failure)

    metrics = CollectorRegistry()
    async with running(api, Decides(decide), metrics=metrics) as engine:
        await engine.settled()
        [event] = api.all(Event)
        assert event.message == "Error creating: no room {x}"
        assert api.find(ConfigMap, "default", "a").metadata.annotations == {"failed": "no room {x}"}
        tries = event.count
        assert clock.next_due is not None
        clock.advance(clock.next_due)
        await engine.settled()
        assert api.all(Event)[0].count == tries + 1
        api.fail = lambda verb, obj: None
        assert clock.next_due is not None
        clock.advance(clock.next_due)
        await engine.settled()
    assert len(api.all(Pod)) == 3
    labels = {"controller": "test-controller", "outcome": "error"}
    assert metrics.get_sample_value("sampan_reconciles_total", labels) == tries + 1


async def test_a_conflict_is_tried_again_without_a_word() -> None:
    clock = FakeClock()
    api = FakeApi(config_map("a"), clock=clock)
    conflicts = [Conflict("changed")]
    api.fail = lambda verb, obj: conflicts.pop() if conflicts and verb == "update" else None

    def decide(key: Key, state: Lister) -> Plan:
        obj = state.get(ConfigMap, "default", "a")
        assert obj
        if obj.data:
            return NOTHING
        failed = Emit(regarding=obj, reason="Failed", message="{error}", type="Warning")
        return Plan(actions=(Update(obj=evolve(obj, data={"x": "y"})),), on_error=failed)

    async with running(api, Decides(decide)) as engine:
        await engine.settled()
        assert clock.next_due is not None
        clock.advance(clock.next_due)
        await engine.settled()
    assert api.find(ConfigMap, "default", "a").data == {"x": "y"}
    assert not api.all(Event)


async def test_what_is_only_gone_from_the_cache_stops_the_plan() -> None:
    api = FakeApi(config_map("a", uid="u-1"), config_map("dependent"))
    looks = []

    def decide(key: Key, state: Lister) -> Plan:
        if key.name != "dependent" or state.get(ConfigMap, "default", "dependent") is None:
            return NOTHING
        looks.append(key)
        uid = "u-1" if len(looks) == 1 else "another"
        gone = ExpectGone(kind=ConfigMap, namespace="default", name="a", uid=uid)
        return Plan(actions=(gone, Delete(kind=ConfigMap, namespace="default", name="dependent")))

    assert isinstance(api.clock, FakeClock)
    async with running(api, Decides(decide)) as engine:
        await engine.settled()
        assert len(api.all(ConfigMap)) == 2
        api.clock.advance(1)
        await engine.settled()
    assert [obj.metadata.name for obj in api.all(ConfigMap)] == ["a"]


async def test_nothing_more_is_made_in_a_namespace_that_ends() -> None:
    api = FakeApi(config_map("a"))
    ending = Cause("NamespaceTerminating", "namespace default is being terminated", "metadata.namespace")
    api.fail = lambda verb, obj: Forbidden("unable to create new content", causes=(ending,))
    controller = Decides(scale_to(1))
    async with running(api, controller) as engine:
        await engine.settled()
        assert isinstance(api.clock, FakeClock)
        assert api.clock.next_due is None
    assert controller.seen == ["default/a"]


async def test_a_key_is_looked_at_again_when_it_asked_for_it() -> None:
    api = FakeApi(config_map("a"))
    controller = Decides(lambda key, state: Plan(requeue_after=30))
    async with running(api, controller) as engine:
        await engine.settled()
        assert isinstance(api.clock, FakeClock)
        api.clock.advance(29)
        await engine.settled()
        assert len(controller.seen) == 1
        api.clock.advance(1)
        await engine.settled()
    assert len(controller.seen) == 2


async def test_a_broken_decision_is_logged_and_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    api = FakeApi(config_map("bad"), config_map("good"), config_map("hopeless"))
    done = []

    def decide(key: Key, state: Lister) -> Plan:
        if key.name == "bad":
            raise ZeroDivisionError("oops")
        if key.name == "hopeless":
            raise Permanent("will never work")
        done.append(key.name)
        return NOTHING

    async with running(api, Decides(decide)) as engine:
        await engine.settled()
        assert isinstance(api.clock, FakeClock)
        assert api.clock.next_due is not None
    assert done == ["good"]
    assert "test-controller broke on default/bad" in caplog.text
    assert "gives up on default/hopeless: will never work" in caplog.text


async def test_similar_events_are_combined_and_chatter_is_cut() -> None:
    api = FakeApi(config_map("a"))
    said = 0

    def decide(key: Key, state: Lister) -> Plan:
        nonlocal said
        obj = state.get(ConfigMap, "default", "a")
        assert obj
        said += 1
        return Plan(actions=(Emit(regarding=obj, reason="Note", message=f"number {said}"),))

    async with running(api, Decides(decide)) as engine:
        for _ in range(40):
            engine.enqueue("test-controller", Key("default", "a"))
            await engine.settled()
    events = api.all(Event)
    assert len(events) == 10
    combined = [event for event in events if (event.message or "").startswith("(combined from similar events): ")]
    assert len(combined) == 1
    assert sum(event.count for event in events) == 25
