"""Stories of pods that are deleted or out of time."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sampan.core.errors import Forbidden, NotFound, SampanError
from sampan.core.model.core_v1.pod import Pod

pytestmark = pytest.mark.anyio

Bench = Any


@pytest.mark.parametrize("step", ["run_pod_sandbox", "create_container"])
async def test_a_pod_that_is_deleted_before_its_container_starts_is_never_started(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever the engine was doing then: else it would run, and take its whole grace to end."""
    begun, go_on = threading.Event(), threading.Event()
    started: list[str] = []
    take_the_step = getattr(bench.runtime, step)

    def slowly(*given: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return take_the_step(*given)

    monkeypatch.setattr(bench.runtime, step, slowly)
    monkeypatch.setattr(bench.runtime, "start_container", started.append)
    bench.put(termination_grace_period_seconds=600)
    await bench.until(begun.is_set)
    await bench.api.delete(Pod, "default", "web")
    await bench.api.delivered()
    go_on.set()
    await bench.until(lambda: not bench.api.all(Pod))
    assert not started


async def test_a_deleted_pod_gets_its_grace_and_then_goes(bench: Bench) -> None:
    bench.put(words={"stop-time": "20"}, termination_grace_period_seconds=30)
    await bench.becomes("Running: main running 0 ready")
    await bench.api.delete(Pod, "default", "web")
    await bench.until(lambda: bench.events("Killing") == [("Killing", "Stopping container main")])
    assert bench.state() == "Running: main running 0 ready"
    await bench.until(lambda: [c.stopped for c in bench.world.containers.values()] != [None])
    bench.time.advance(20)
    await bench.until(lambda: not bench.api.all(Pod))
    await bench.until(lambda: not bench.world.sandboxes)


async def test_a_pod_that_was_removed_at_once_is_stopped_all_the_same(bench: Bench) -> None:
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    bench.api.remove(Pod, "default", "web")
    await bench.until(lambda: not bench.world.sandboxes and not bench.world.containers)


@pytest.mark.parametrize("answer", [NotFound, Forbidden])
async def test_a_pod_that_somebody_else_has_deleted_is_no_trouble(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, answer: type[SampanError]
) -> None:
    """Of what is not there, an agent is told that it has nothing to do with it."""

    async def too_late(kind: type[Pod], namespace: str, name: str, **_: Any) -> None:
        bench.api.remove(Pod, "default", "web")
        raise answer("pods 'web'")

    bench.put()
    await bench.becomes("Running: main running 0 ready")
    await bench.api.delete(Pod, "default", "web")
    monkeypatch.setattr(bench.api, "delete", too_late)
    await bench.until(lambda: not bench.api.all(Pod))
    await bench.until(lambda: not bench.world.sandboxes and not bench.world.containers)
    await bench.agent.settled()
    assert not caplog.records


async def test_a_pod_past_its_deadline_fails(bench: Bench) -> None:
    bench.put(active_deadline_seconds=60)
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_time(60)
    await bench.becomes("Failed: main Completed 0 0")
    assert bench.pod().status.reason == "DeadlineExceeded"
