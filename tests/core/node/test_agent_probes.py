"""Stories of pods whose containers are probed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.probe import ExecAction, HTTPGetAction, Probe
from sampan.core.node import probes
from sampan.core.node.probe_actions import Answer

pytestmark = pytest.mark.anyio

Bench = Any


async def test_a_pod_is_ready_when_its_probe_says_so(bench: Bench) -> None:
    probe = Probe(exec=ExecAction(command=("true",)), period_seconds=5)
    bench.put("web", Container(name="main", image="x", readiness_probe=probe), words={"ready-after": "12"})
    await bench.becomes("Running: main running 0")
    await bench.until(lambda: bench.events("Unhealthy"))
    await bench.pass_until("Running: main running 0 ready", 5)
    assert bench.events("Unhealthy")[0][1].startswith("Readiness probe failed: ")


async def test_a_probe_that_is_sent_elsewhere_succeeds_with_a_warning(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Answer(True, "Probe terminated redirects, Response body: go there", warning=True)
    monkeypatch.setattr(probes, "ask", lambda *_: ended)
    probe = Probe(http_get=HTTPGetAction(port=80), period_seconds=5)
    bench.put("web", Container(name="main", image="x", readiness_probe=probe))
    await bench.becomes("Running: main running 0 ready")
    await bench.agent.settled()
    message = "Readiness probe warning: Probe terminated redirects, Response body: go there"
    assert bench.events("ProbeWarning") == [("ProbeWarning", message)]


async def test_a_container_that_fails_its_liveness_probe_is_killed_and_restarted(bench: Bench) -> None:
    probe = Probe(exec=ExecAction(command=("true",)), period_seconds=10, failure_threshold=2)
    bench.put("web", Container(name="main", image="x", liveness_probe=probe), words={"fails-after": "25"})
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_until("Running: main running 1 ready", 10)
    assert ("Killing", "Container main failed liveness probe, will be restarted") in bench.events("Killing")


async def test_no_probe_of_a_container_that_has_vanished_goes_on(bench: Bench) -> None:
    probe = Probe(exec=ExecAction(command=("true",)), period_seconds=5)
    bench.put("web", Container(name="main", image="x", readiness_probe=probe))
    await bench.becomes("Running: main running 0 ready")
    (container,) = bench.world.containers
    bench.runtime.remove_container(container)
    await bench.becomes("Running: main running 1 ready")
    await bench.agent.settled()
    probes = [each for each in asyncio.all_tasks() if each.get_name() == "readiness probe" and not each.cancelling()]
    assert len(probes) == 1


async def test_until_its_startup_probe_succeeds_a_container_is_not_started(bench: Bench) -> None:
    probe = Probe(exec=ExecAction(command=("true",)), period_seconds=5, failure_threshold=30)
    bench.put("web", Container(name="main", image="x", startup_probe=probe), words={"ready-after": "8"})
    await bench.becomes("Running: main running 0")
    assert bench.pod().status.container_statuses[0].started is False
    await bench.pass_until("Running: main running 0 ready", 5)
    assert bench.pod().status.container_statuses[0].started is True


async def test_a_container_is_asked_whether_it_is_ready_as_soon_as_it_has_started(bench: Bench) -> None:
    def probe(period: int) -> Probe:
        return Probe(exec=ExecAction(command=("true",)), period_seconds=period, failure_threshold=30)

    container = Container(name="main", image="x", startup_probe=probe(5), readiness_probe=probe(300))
    bench.put("web", container, words={"ready-after": "8"})
    await bench.becomes("Running: main running 0")
    await bench.pass_until("Running: main running 0 ready", 5)
    assert bench.clock.monotonic() < 60
