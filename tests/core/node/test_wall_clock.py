"""A node whose wall clock is set by hours goes on as if nothing had been: no wait gets longer, none is left out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.model.coordination_v1.lease import Lease
from sampan.core.model.core_v1.pod import Pod

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("hours", [-5, 5])]

Bench = Any


async def test_a_crash_loop_keeps_its_pace(bench: Bench, hours: int) -> None:
    """Also where the engine has another clock: from the first time on, its dates are hours away from the agent's."""
    bench.put(words={"run-time": "1", "exit-code": "3"})
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_time(1)
    await bench.becomes("Running: main running 1 ready")
    for restarts, delay in ((1, 10), (2, 20), (3, 40)):
        await bench.pass_time(1)
        await bench.becomes(f"Running: main CrashLoopBackOff {restarts}")
        said = bench.pod().status.container_statuses[0].state.waiting.message
        assert said.startswith(f"back-off {delay}s restarting failed container=main")
        bench.clock.set_wall_clock(hours * 3600)
        await bench.pass_time(delay)
        await bench.becomes(f"Running: main running {restarts + 1} ready")


async def test_a_sandbox_is_tried_again_in_time(bench: Bench, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    tried: list[float] = []

    def fail(_config: Any) -> Any:
        tried.append(bench.clock.monotonic())
        raise RuntimeFailure("no room")

    monkeypatch.setattr(bench.runtime, "run_pod_sandbox", fail)
    bench.put()
    await bench.until(lambda: len(tried) == 1)
    bench.clock.set_wall_clock(hours * 3600)
    for _ in range(60):
        await bench.pass_time(1)
    assert 3 <= len(tried) <= 8
    assert min(after - before for before, after in pairwise(tried)) >= 1


async def test_a_deleted_pod_gets_its_grace(bench: Bench, hours: int) -> None:
    bench.put(words={"stop-time": "600"}, termination_grace_period_seconds=30)
    await bench.becomes("Running: main running 0 ready")
    await bench.api.delete(Pod, "default", "web")
    await bench.until(lambda: [each.stopped for each in bench.world.containers.values()] != [None])
    bench.clock.set_wall_clock(hours * 3600)
    bench.time.advance(20)
    await bench.api.delivered()
    assert bench.api.all(Pod)
    bench.time.advance(11)
    await bench.until(lambda: not bench.api.all(Pod))


async def test_the_lease_is_renewed_every_ten_seconds(bench: Bench, hours: int) -> None:
    await bench.until(lambda: bench.api.all(Lease))
    bench.clock.set_wall_clock(hours * 3600)
    for _ in range(3):
        bench.time.advance(10)
        await bench.until(lambda: bench.api.all(Lease)[0].spec.renew_time == bench.clock.now())
