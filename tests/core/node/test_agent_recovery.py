"""Stories of what was lost: agents that restart, containers and sandboxes that vanish, engines that go away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from sampan.core.client.protocol import ObjectList
from sampan.core.contracts.runtime import RuntimeEvent, RuntimeFailure
from sampan.core.errors import StorageReadError
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.probe import ExecAction, Probe
from sampan.core.model.core_v1.volume import EmptyDirVolumeSource, Volume
from sampan.core.model.meta import evolve
from sampan.core.testing.fake_api import FakeApi

pytestmark = pytest.mark.anyio

Bench = Any


async def test_a_restarted_agent_adopts_what_runs(bench: Bench) -> None:
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    before = bench.pod().status
    await bench.restart_agent()
    assert bench.pod().status == before
    assert len(bench.world.containers) == 1


async def test_a_restarted_agent_goes_by_what_the_probes_said_before(bench: Bench) -> None:
    probe = Probe(exec=ExecAction(command=("true",)), period_seconds=5, failure_threshold=2)
    container = Container(name="main", image="x", startup_probe=probe, readiness_probe=probe)
    bench.put("web", container, words={"ready-after": "2", "fails-after": "22"})
    await bench.pass_until("Running: main running 0 ready", 5)
    writes = bench.api.requests.count(("patch", "Pod default/web"))
    await bench.restart_agent()
    assert bench.api.requests.count(("patch", "Pod default/web")) == writes, "it was ready all the time"
    await bench.pass_until("Running: main running 0", 5)
    await bench.pass_time(20)
    assert bench.events("Killing") == [], "what has once started needs no startup probe any more"


async def test_a_restarted_agent_stops_what_belongs_to_no_pod(bench: Bench) -> None:
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    await bench.agent.settled()
    await bench.agent.stop()
    bench.api.remove(Pod, "default", "web")
    bench.runtime.close()
    bench.runtime = bench.make_runtime()
    bench.agent = bench.make_agent()
    await bench.agent.start()
    await bench.until(lambda: not bench.world.sandboxes and not bench.world.containers)


async def test_a_restarted_agent_gives_back_the_volumes_of_a_pod_that_ended_meanwhile(bench: Bench) -> None:
    volume = Volume(name="cache", empty_dir=EmptyDirVolumeSource())
    pod = bench.put(words={"run-time": "5"}, volumes=(volume,), restart_policy="Never")
    await bench.becomes("Running: main running 0 ready")
    await bench.agent.settled()
    folder = bench.directory / "pods" / pod.metadata.uid / "volumes"
    assert folder.exists()
    await bench.agent.stop()
    bench.time.advance(5)
    bench.api.put(evolve(bench.pod(), status=evolve(bench.pod().status, phase="Succeeded")))
    await bench.restart_agent()
    await bench.until(lambda: not folder.exists())


async def test_a_container_killed_from_outside_comes_back(bench: Bench) -> None:
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    (container,) = bench.world.containers
    bench.runtime.stop_container(container, 0)
    await bench.becomes("Running: main running 1 ready")
    last = bench.pod().status.container_statuses[0].last_state.terminated
    assert (last.exit_code, last.reason) == (137, "Error")


async def test_a_lost_sandbox_is_made_anew_with_its_containers(bench: Bench) -> None:
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    (sandbox,) = bench.world.sandboxes
    bench.runtime.stop_pod_sandbox(sandbox)
    await bench.becomes("Running: main running 1 ready")
    await bench.agent.settled()
    assert bench.pod().status.pod_ip == bench.runtime.list_pod_sandboxes()[-1].ip
    assert ("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.") in bench.events()


class Damaged(FakeApi):
    """An API whose store cannot read one pod any more: no list and no watch shows it."""

    damaged = False

    async def list(self, kind: type[Any], namespace: str | None = None, **options: Any) -> ObjectList[Any]:
        found = await super().list(kind, namespace, **options)
        return attrs.evolve(found, items=()) if kind is Pod and self.damaged else found

    async def get(self, kind: type[Any], namespace: str, name: str) -> Any:
        found = await super().get(kind, namespace, name)
        if kind is Pod and self.damaged:
            raise StorageReadError(f'pods "{name}" cannot be read: its stored value is damaged')
        return found


@pytest.mark.parametrize("restarted", [True, False])
async def test_a_pod_that_the_store_cannot_read_runs_on_until_it_is_deleted(bench: Bench, restarted: bool) -> None:
    """Both for an agent that comes anew and for one that lists again."""
    await bench.agent.stop()
    bench.api = api = Damaged(clock=bench.clock)
    bench.agent = bench.make_agent()
    await bench.agent.start()
    volume = Volume(name="cache", empty_dir=EmptyDirVolumeSource())
    pod = bench.put(volumes=(volume,))
    await bench.becomes("Running: main running 0 ready")
    folder = bench.directory / "pods" / pod.metadata.uid / "volumes"
    await bench.agent.settled()
    api.damaged = True
    if restarted:
        await bench.restart_agent()
    else:
        bench.agent._table.on_change(bench.pod(), None)
    for _ in range(3):
        await bench.pass_time(60)
    assert [each.state for each in bench.runtime.list_containers()] == ["running"]
    assert folder.exists()
    api.damaged = False
    api.remove(Pod, "default", "web")
    for _ in range(3):
        await bench.pass_time(60)
    await bench.until(lambda: not bench.world.sandboxes and not bench.world.containers)
    await bench.until(lambda: not folder.exists())


async def test_a_pod_that_can_be_read_again_is_looked_after_again(bench: Bench) -> None:
    await bench.agent.stop()
    bench.api = api = Damaged(clock=bench.clock)
    bench.agent = bench.make_agent()
    await bench.agent.start()
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    await bench.agent.settled()
    api.damaged = True
    await bench.restart_agent()
    api.damaged = False
    bench.api.put(bench.pod())
    (container,) = bench.world.containers
    bench.runtime.stop_container(container, 0)
    await bench.becomes("Running: main running 1 ready")


class Engine:
    """A runtime whose engine can go away."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self.gone = False

    def __getattr__(self, name: str) -> Any:
        if self.gone and name != "close":
            raise RuntimeFailure("the engine does not answer")
        return getattr(self._runtime, name)


async def test_an_engine_that_went_away_and_came_back_is_gone_on_with(bench: Bench) -> None:
    await bench.agent.stop()
    bench.runtime = engine = Engine(bench.runtime)
    bench.agent = bench.make_agent()
    await bench.agent.start()
    engine.gone = True
    bench.put()
    await bench.until(lambda: bench.events("FailedCreatePodSandBox"))
    engine.gone = False
    await bench.pass_time(2)
    await bench.becomes("Running: main running 0 ready")


class SlowToHear(Engine):
    """One that hears of nothing, and whose connection for events waits until it is let through."""

    def __init__(self, runtime: Any) -> None:
        super().__init__(runtime)
        self.connect = threading.Semaphore(0)
        self.break_off = threading.Semaphore(0)

    def events(self) -> Iterator[RuntimeEvent]:
        self.connect.acquire()
        return self._silence()

    def close(self) -> None:
        self.connect.release()
        self.break_off.release()
        self._runtime.close()

    def _silence(self) -> Iterator[RuntimeEvent]:
        self.break_off.acquire()
        yield from ()


async def test_what_happened_while_nobody_listened_is_found_when_the_engine_is_heard_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sampan.core.node.engine_feed.EVENTS_RETRY", 0.001)
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    await bench.agent.stop()
    bench.runtime = engine = SlowToHear(bench.runtime)
    bench.agent = bench.make_agent()
    await bench.agent.start()
    for state in ("running 1 ready", "CrashLoopBackOff 1"):
        await bench.agent.settled()
        (container,) = [each for each in engine.list_containers() if each.state == "running"]
        engine.stop_container(container.id, 0)
        engine.connect.release()
        await bench.becomes(f"Running: main {state}")
        engine.break_off.release()
