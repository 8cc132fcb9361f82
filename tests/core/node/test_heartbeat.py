"""A node tells that it lives, and comes back when it was deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.model.coordination_v1.lease import Lease
from sampan.core.model.core_v1.node import Node, NodeStatus
from sampan.core.node import heartbeat
from sampan.core.node.machine.node_status import node_status
from sampan.core.testing.clock import START

pytestmark = pytest.mark.anyio

Bench = Any


async def test_the_lease_is_renewed_every_ten_seconds(bench: Bench) -> None:
    lease = await bench.until(lambda: bench.api.all(Lease))
    (owner,) = lease[0].metadata.owner_references
    assert (owner.kind, owner.name, owner.uid) == ("Node", "n1", bench.agent.node.metadata.uid), "it goes with its node"
    assert lease[0].key == ("kube-node-lease", "n1")
    assert lease[0].spec.holder_identity == "n1"
    for seconds in (10, 20):
        bench.time.advance(10)
        await bench.until(lambda due=seconds: (bench.api.all(Lease)[0].spec.renew_time - START).total_seconds() == due)


async def test_the_status_is_told_again_after_five_minutes(bench: Bench) -> None:
    def heard() -> float:
        conditions = bench.api.find(Node, "", "n1").status.conditions
        return float((conditions[-1].last_heartbeat_time - START).total_seconds())

    await bench.until(lambda: bench.api.all(Lease))
    assert heard() == 0
    await beats_until(bench, lambda: heard() >= 290)


async def test_pressure_is_told_at_the_next_beat(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.until(lambda: bench.api.all(Lease))
    monkeypatch.setattr(heartbeat, "pressures", lambda _directory: frozenset({"DiskPressure"}))
    bench.time.advance(10)
    await bench.until(
        lambda: {each.type: each.status for each in bench.agent.node.status.conditions}["DiskPressure"] == "True"
    )


async def beats_until(bench: Bench, check: Callable[[], bool]) -> None:
    """Move time on until it is so."""
    async with asyncio.timeout(10):
        while not check():
            bench.time.advance(10)
            await asyncio.sleep(0.005)


async def test_a_dead_runtime_makes_the_node_unready_until_it_answers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ready() -> tuple[str, str]:
        condition = next(each for each in bench.agent.node.status.conditions if each.type == "Ready")
        return condition.status, condition.message

    def dead() -> Any:
        raise RuntimeFailure("nobody listens")

    await bench.until(lambda: bench.api.all(Lease))
    with monkeypatch.context() as patch:
        patch.setattr(bench.runtime, "info", dead)
        await beats_until(bench, lambda: ready() == ("False", "container runtime is down: nobody listens"))
    await beats_until(bench, lambda: ready() == ("True", "kubelet is posting ready status"))


async def test_a_beat_that_breaks_is_not_the_last(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.until(lambda: bench.api.all(Lease))
    with monkeypatch.context() as patch:
        broken = iter([KeyError("a bug")])

        def pressures(_directory: Any) -> frozenset[str]:
            for error in broken:
                raise error
            return frozenset({"DiskPressure"})

        patch.setattr(heartbeat, "pressures", pressures)

        def told() -> bool:
            bench.time.advance(1)
            conditions = bench.agent.node.status.conditions
            return any(each.type == "DiskPressure" and each.status == "True" for each in conditions)

        await bench.until(told)


async def test_conditions_keep_the_time_of_their_last_change(bench: Bench) -> None:
    settings, info = bench.agent.parts.settings, bench.runtime.info()
    first = node_status(settings, info, (), (), NodeStatus(), START)
    later = node_status(settings, info, (), ("MemoryPressure",), first, START.replace(year=2031))
    since = {each.type: each.last_transition_time and each.last_transition_time.year for each in later.conditions}
    assert since == {"MemoryPressure": 2031, "DiskPressure": 2030, "PIDPressure": 2030, "Ready": 2030}
    assert {each.last_heartbeat_time for each in later.conditions} == {START.replace(year=2031)}


async def test_an_agent_that_starts_again_takes_its_node_over(bench: Bench) -> None:
    before = bench.api.find(Node, "", "n1").metadata.uid
    await bench.restart_agent()
    assert bench.api.find(Node, "", "n1").metadata.uid == before
