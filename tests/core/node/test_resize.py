"""Stories of pods whose resources change while they run: granted, deferred, refused by the engine, restarted for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sampan.core.contracts.runtime import Stats
from sampan.core.contracts.runtime_config import Resources
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod, PodCondition
from sampan.core.model.core_v1.resources import ContainerResizePolicy, ResourceRequirements
from sampan.core.model.meta import Quantity, evolve
from sampan.core.model.quantity import milli

pytestmark = pytest.mark.anyio

Bench = Any


def asking(cpu: str, memory: str = "64Mi", policy: str = "NotRequired") -> Container:
    amounts = {"cpu": Quantity(cpu), "memory": Quantity(memory)}
    return Container(
        name="main",
        image="x",
        resources=ResourceRequirements(requests=amounts, limits=amounts),
        resize_policy=(ContainerResizePolicy(resource_name="cpu", restart_policy=policy),),
    )


def wish(bench: Bench, container: Container, name: str = "web") -> None:
    pod: Pod = bench.pod(name)
    meta = evolve(pod.metadata, generation=(pod.metadata.generation or 1) + 1)
    bench.api.put(evolve(pod, metadata=meta, spec=evolve(pod.spec, containers=(container,))))


def condition(bench: Bench, name: str) -> PodCondition | None:
    return next((each for each in bench.pod().status.conditions if each.type == name), None)


def cpus(bench: Bench) -> tuple[str, str]:
    """What the container has, and what it was promised."""
    (status,) = bench.pod().status.container_statuses
    return status.resources.limits["cpu"], status.allocated_resources["cpu"]


def resize_events(bench: Bench) -> list[str]:
    return [reason for reason, _ in bench.events() if reason.startswith("Resize")]


async def test_a_wish_that_fits_is_granted_and_told_from_its_start_to_its_end(bench: Bench) -> None:
    bench.put("web", asking("100m"))
    await bench.becomes("Running: main running 0 ready")
    wish(bench, asking("200m"))
    await bench.until(lambda: cpus(bench) == ("200m", "200m"))
    await bench.agent.settled()
    assert resize_events(bench) == ["ResizeStarted", "ResizeCompleted"]
    told = json.loads(dict(bench.events())["ResizeCompleted"].removeprefix("Pod resize completed: "))
    limits = {"cpu": "200m", "memory": "64Mi"}
    assert told == {
        "containers": [{"name": "main", "resources": {"limits": limits, "requests": limits}}],
        "generation": 2,
    }
    assert condition(bench, "PodResizeInProgress") is condition(bench, "PodResizePending") is None
    assert bench.state() == "Running: main running 0 ready"


async def test_a_wish_that_does_not_fit_waits_until_it_does(bench: Bench) -> None:
    whole = milli(bench.agent.node.status.allocatable["cpu"])
    bench.put("other", asking(f"{whole - 200}m"))
    await bench.becomes("Running: main running 0 ready", "other")
    bench.put("web", asking("100m"))
    await bench.becomes("Running: main running 0 ready")
    wish(bench, asking("500m"))
    pending = await bench.until(lambda: condition(bench, "PodResizePending"))
    assert (pending.status, pending.reason, pending.observed_generation) == ("True", "Deferred", 2)
    assert pending.message == (
        f"Node didn't have enough resource: cpu, requested: 500, used: {whole - 200}, capacity: {whole}"
    )
    assert cpus(bench) == ("100m", "100m")
    await bench.pass_time(60)
    assert resize_events(bench) == ["ResizeDeferred"]

    (container,) = [each for each in bench.runtime.list_containers() if each.labels["io.kubernetes.pod.name"] == "web"]
    bench.runtime.stop_container(container.id, 0)
    await bench.becomes("Running: main running 1 ready")
    assert cpus(bench) == ("100m", "100m"), "it starts again with what it has been promised"

    await bench.restart_agent()
    assert cpus(bench) == ("100m", "100m")
    assert condition(bench, "PodResizePending") == pending, "another agent goes on with it"

    bench.api.remove(Pod, "default", "other")
    await bench.until(lambda: len(bench.world.sandboxes) == 1)
    for _ in range(3):
        await bench.pass_time(10)
    await bench.until(lambda: cpus(bench) == ("500m", "500m"))
    await bench.until(lambda: condition(bench, "PodResizePending") is None)
    await bench.agent.settled()
    assert resize_events(bench) == ["ResizeDeferred", "ResizeStarted", "ResizeCompleted"]


async def test_a_wish_that_is_taken_back_is_pending_no_more(bench: Bench) -> None:
    whole = milli(bench.agent.node.status.allocatable["cpu"])
    bench.put("web", asking("100m"))
    await bench.becomes("Running: main running 0 ready")
    wish(bench, asking(f"{whole + 1000}m"))
    await bench.until(lambda: condition(bench, "PodResizePending"))
    wish(bench, asking("100m"))
    await bench.until(lambda: condition(bench, "PodResizePending") is None)
    await bench.agent.settled()
    assert resize_events(bench) == ["ResizeDeferred"]


async def test_a_policy_may_ask_for_a_restart(bench: Bench) -> None:
    bench.put("web", asking("100m", policy="RestartContainer"))
    await bench.becomes("Running: main running 0 ready")
    wish(bench, asking("200m", policy="RestartContainer"))
    await bench.becomes("Running: main running 1 ready")
    assert ("Killing", "Container main resize requires restart") in bench.events("Killing")
    await bench.until(lambda: cpus(bench) == ("200m", "200m"))
    await bench.until(lambda: resize_events(bench) == ["ResizeStarted", "ResizeCompleted"])


async def test_a_limit_below_what_is_used_is_an_error_until_it_is_taken_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put("web", asking("100m"))
    await bench.becomes("Running: main running 0 ready")
    use = Stats(cpu_nanos=1, memory_bytes=20 << 20, at=bench.clock.now())
    monkeypatch.setattr(bench.runtime, "stats", lambda _id: use)
    wish(bench, asking("100m", "10Mi"))
    words = f'attempting to set container "main" memory limit ({10 << 20}) below current usage ({20 << 20})'
    found = await bench.until(lambda: (c := condition(bench, "PodResizeInProgress")) and c.reason == "Error" and c)
    assert (found.message, found.observed_generation) == (words, 2)
    await bench.pass_time(90)
    await bench.agent.settled()
    assert resize_events(bench) == ["ResizeStarted", "ResizeError"], "it is tried again, and told once"
    (status,) = bench.pod().status.container_statuses
    assert (status.resources.limits["memory"], status.allocated_resources["memory"]) == ("64Mi", "10Mi")
    wish(bench, asking("100m"))
    await bench.until(lambda: condition(bench, "PodResizeInProgress") is None)
    await bench.agent.settled()
    assert resize_events(bench)[2:] == ["ResizeStarted", "ResizeCompleted"]


async def test_an_init_container_is_resized_while_it_runs(bench: Bench) -> None:
    def setup(cpu: str) -> Container:
        return evolve(asking(cpu), name="setup", resize_policy=())

    bench.put("web", init_containers=(setup("100m"),), words={"setup.sampan.dev/run-time": "60"})
    await bench.becomes("Pending: setup running 0, main PodInitializing 0")
    pod = bench.pod()
    meta = evolve(pod.metadata, generation=2)
    bench.api.put(evolve(pod, metadata=meta, spec=evolve(pod.spec, init_containers=(setup("200m"),))))
    await bench.until(lambda: resize_events(bench) == ["ResizeStarted", "ResizeCompleted"])
    (status,) = bench.pod().status.init_container_statuses
    assert status.resources.limits["cpu"] == status.allocated_resources["cpu"] == "200m"


async def test_a_container_without_limits_follows_the_pods(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    update = bench.runtime.update_container

    def updated(container_id: str, resources: Resources) -> None:
        given.append(resources.memory_bytes)
        update(container_id, resources)

    monkeypatch.setattr(bench.runtime, "update_container", updated)

    def whole(memory: str) -> ResourceRequirements:
        return ResourceRequirements(requests={"memory": Quantity("64Mi")}, limits={"memory": Quantity(memory)})

    own = evolve(asking("100m"), name="own")
    bench.put("web", Container(name="main", image="x"), own, resources=whole("128Mi"))
    await bench.becomes("Running: main running 0 ready, own running 0 ready")
    pod = bench.pod()
    bench.api.put(
        evolve(pod, metadata=evolve(pod.metadata, generation=2), spec=evolve(pod.spec, resources=whole("256Mi")))
    )
    await bench.until(lambda: resize_events(bench) == ["ResizeStarted", "ResizeCompleted"])
    assert given == [256 << 20]
    assert bench.pod().status.resources.limits["memory"] == "256Mi"
