"""A controller that raises, blocks, floods or fights: it is kept from that, named, and stops nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from sampan.core.contracts.controller import Controller, Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Patch, Plan
from sampan.core.model.builtin import ConfigMap
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.reconcile import deciding as deciding_module
from sampan.core.reconcile import pacing as pacing_module
from sampan.core.reconcile.engine import Engine
from sampan.core.reconcile.pacing import LONGEST_REST, WINDOW, Pacing
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi

pytestmark = pytest.mark.anyio

TURNS = 20_000
"""Of the event loop: more than anything here needs to come to rest, by far."""
MOST, AFTER = 100, 5


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that none of these stories takes long."""
    monkeypatch.setattr(pacing_module, "MOST_CHANGES", MOST)
    monkeypatch.setattr(pacing_module, "AFTER_REST", AFTER)


class Says:
    """A controller of ConfigMaps that wants the annotation ``says`` to be its own."""

    watches: Sequence[Watch] = (Watch(kind=ConfigMap),)

    def __init__(self, name: str, decide: Callable[[], Plan] | None = None) -> None:
        self.name = name
        self.decide = decide
        self.looks = 0

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        self.looks += 1
        if self.decide is not None:
            return self.decide()
        found = state.get(ConfigMap, key.namespace, key.name)
        if found is None or found.metadata.annotations.get("says") == self.name:
            return NOTHING
        change = {"metadata": {"annotations": {"says": self.name}}}
        return Plan(actions=(Patch(kind=ConfigMap, namespace=key.namespace, name=key.name, patch=change),))


class Copies:
    """One that minds its own business."""

    name = "quiet"
    watches: Sequence[Watch] = (Watch(kind=Secret),)

    def __init__(self) -> None:
        self.looks = 0

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        self.looks += 1
        return NOTHING


@asynccontextmanager
async def running(
    api: FakeApi, *controllers: Controller, metrics: CollectorRegistry | None = None
) -> AsyncIterator[Engine]:
    engine = Engine(controllers, lambda _name: api, clock=api.clock, metrics=metrics)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def turns(until: Callable[[], bool] = lambda: False, most: int = TURNS) -> None:
    """Let the event loop turn until something holds, or often enough."""
    for _ in range(most):
        if until():
            return
        await asyncio.sleep(0)


async def minutes(clock: FakeClock, count: int) -> None:
    for _ in range(count * 60):
        clock.advance(1)
        await turns(most=40)


def config_map() -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="a", namespace="default"))


async def test_two_that_fight_over_an_object_are_kept_apart_and_named(caplog: pytest.LogCaptureFixture) -> None:
    clock, metrics = FakeClock(), CollectorRegistry()
    api, one, two = FakeApi(config_map(), clock=clock), Says("one"), Says("two")
    async with running(api, one, two, metrics=metrics):
        await turns(lambda: len(api.requests) >= 2 * MOST)
        await turns()
        fought = len(api.requests)
        assert fought <= 2 * MOST + 2
        await minutes(clock, 10)
        assert len(api.requests) - fought <= 2 * 20 * (AFTER + 1), "ten minutes of an endless fight"
    assert "acts on default/a again and again" in caplog.text
    rests = [metrics.get_sample_value("sampan_controller_rests_total", {"controller": name}) for name in ("one", "two")]
    assert any(rests)


@pytest.mark.parametrize("decided", [Plan(requeue_after=0), Plan(requeue_after=0.001)])
async def test_one_that_wants_to_look_again_at_once_leaves_others_their_turn(decided: Plan) -> None:
    clock = FakeClock()
    eager, quiet = Says("eager", lambda: decided), Copies()
    api = FakeApi(config_map(), clock=clock)
    async with running(api, eager, quiet):
        api.put(Secret(metadata=ObjectMeta(name="s", namespace="default")))
        await turns(lambda: quiet.looks == 1)
        for _ in range(1000):
            clock.advance(0.001)
            await turns(most=5)
        assert quiet.looks == 1
        assert eager.looks <= MOST + 1


async def test_one_that_breaks_is_asked_less_and_less_and_stops_nobody() -> None:
    def broken() -> Plan:
        raise ZeroDivisionError

    clock = FakeClock()
    bad, quiet = Says("bad", broken), Copies()
    api = FakeApi(config_map(), Secret(metadata=ObjectMeta(name="s", namespace="default")), clock=clock)
    async with running(api, bad, quiet):
        await minutes(clock, 10)
        assert quiet.looks == 1
        assert 5 < bad.looks < 30


async def test_one_that_blocks_pauses_nine_times_as_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock, passed = FakeClock(), [0.0]

    class Time:
        @staticmethod
        def perf_counter() -> float:
            return passed[0]

    def block() -> Plan:
        passed[0] += 2
        return NOTHING

    monkeypatch.setattr(deciding_module, "time", Time)
    slow, quiet = Says("slow", block), Copies()
    api = FakeApi(config_map(), clock=clock)
    async with running(api, slow, quiet) as engine:
        await turns(lambda: slow.looks == 1)
        for name in ("b", "c"):
            engine.enqueue("slow", Key("default", name))
        api.put(Secret(metadata=ObjectMeta(name="s", namespace="default")))
        await turns(lambda: quiet.looks == 1)
        assert (slow.looks, quiet.looks) == (1, 1)
        clock.advance(17)
        await turns(most=50)
        assert slow.looks == 1
        clock.advance(1.5)
        await turns(lambda: slow.looks > 1)
        assert slow.looks > 1
    assert "slow was busy with default/a for 2.0 s, and pauses for 18 s" in caplog.text


def pacing() -> tuple[FakeClock, Pacing[str]]:
    clock = FakeClock()
    return clock, Pacing(clock.monotonic)


def changes(clock: FakeClock, paced: Pacing[str], times: int, every: float = 0.0) -> list[Any]:
    rests = []
    for _ in range(times):
        clock.advance(every)
        if rest := paced.changed("a"):
            rests.append(rest)
    return rests


def test_a_key_that_changes_much_and_rests_is_let_be() -> None:
    clock, paced = pacing()
    assert changes(clock, paced, 10 * MOST, every=WINDOW / (MOST - 1)) == []


def test_rests_grow_until_the_key_has_been_quiet() -> None:
    clock, paced = pacing()
    assert changes(clock, paced, MOST + 1) == [1]
    assert paced.seconds_to_rest("a") == 1
    assert paced.seconds_to_rest("b") == 0
    seen = []
    for _ in range(9):
        clock.advance(paced.seconds_to_rest("a"))
        seen += changes(clock, paced, AFTER + 1)
    assert seen == [2, 4, 8, 16, 32, LONGEST_REST, LONGEST_REST, LONGEST_REST, LONGEST_REST]
    clock.advance(LONGEST_REST + WINDOW)
    assert changes(clock, paced, MOST) == []


def test_quiet_keys_are_forgotten() -> None:
    clock, paced = pacing()
    for number in range(1000):
        paced.changed(f"k{number}")
    clock.advance(WINDOW)
    paced.changed("last")
    assert len(paced._busy) == 1
