"""A node agent on the fake API with simulated pods, in a time that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sampan.core.contracts.runtime import RuntimeSettings
from sampan.core.contracts.volume import VolumeDriver
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.agent import NodeAgent
from sampan.core.node.machine.settings import NodeSettings
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi
from sampan.runtimes.simulated.runtime import SimulatedRuntime
from sampan.runtimes.simulated.time import MovedTime
from sampan.runtimes.simulated.world import World
from sampan.volumes.empty_dir import EmptyDir
from sampan.volumes.host_path import HostPath
from sampan.volumes.image import ImageVolume
from sampan.volumes.written import ConfigMapVolume, ProjectedVolume
from tests.support.wait import NotYetError, until

NODE = "n1"


class Time(MovedTime):
    """The agent's clock and the pods' time, moved together."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock.now())
        self.clock = clock

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        super().advance(seconds)


class NodeBench:
    """What a story about a node needs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = FakeClock()
        self.api = FakeApi(clock=self.clock)
        self.time = Time(self.clock)
        self.world = World()
        self.runtime = self.make_runtime()
        self.agent = self.make_agent()

    def make_runtime(self) -> SimulatedRuntime:
        settings = RuntimeSettings(cluster="c", node=NODE, state_dir=self.directory, pod_cidr="10.9.0.0/16")
        return SimulatedRuntime(settings, world=self.world, time=self.time)

    def make_agent(self, **changes: Any) -> NodeAgent:
        settings = NodeSettings(name=NODE, cluster="c", data_dir=self.directory, ips=("192.0.2.9",))
        drivers: dict[str, VolumeDriver] = {
            "emptyDir": EmptyDir(), "hostPath": HostPath(), "configMap": ConfigMapVolume(),
            "projected": ProjectedVolume(), "image": ImageVolume(),
        }  # fmt: skip
        return NodeAgent(settings, self.api, self.runtime, drivers, clock=self.clock, **changes)

    async def restart_agent(self) -> None:
        """The agent's process ends and comes back; the machine goes on."""
        await self.agent.stop()
        self.runtime.close()
        self.runtime = self.make_runtime()
        self.agent = self.make_agent()
        await self.agent.start()
        await self.agent.settled()

    def put(self, name: str = "web", *containers: Container, words: dict[str, str] | None = None, **spec: Any) -> Pod:
        """A pod bound to this node."""
        containers = containers or (Container(name="main", image="nginx:1.27"),)
        annotations = {f"sampan.dev/{word}": value for word, value in (words or {}).items()}
        annotations |= {word: value for word, value in (words or {}).items() if "/" in word}
        spec.setdefault("restart_policy", "Always")
        return self.api.put(
            Pod(
                metadata=ObjectMeta(name=name, namespace="default", annotations=annotations),
                spec=PodSpec(node_name=NODE, containers=containers, **spec),
            )
        )

    def pod(self, name: str = "web") -> Pod:
        return self.api.find(Pod, "default", name)

    def state(self, name: str = "web") -> str:
        """The phase, and the containers' states in short: ``Running: main running 1 ready``."""
        status = self.pod(name).status
        parts = []
        for each in (*status.init_container_statuses, *status.container_statuses):
            where = "running" if each.state.running else ""
            if each.state.waiting:
                where = each.state.waiting.reason or ""
            if each.state.terminated:
                where = f"{each.state.terminated.reason} {each.state.terminated.exit_code}"
            parts.append(f"{each.name} {where} {each.restart_count}{' ready' if each.ready else ''}")
        return f"{status.phase}: {', '.join(parts)}"

    async def until(self, check: Callable[[], Any], what: str = "") -> Any:
        """Wait until ``check`` gives something true."""
        return await until(check, what, within=10)

    async def becomes(self, state: str, name: str = "web") -> None:
        try:
            await self.until(lambda: self.state(name) == state)
        except NotYetError:
            pytest.fail(f"the pod is {self.state(name)!r}, and not {state!r}")

    async def pass_time(self, seconds: float) -> None:
        """Let what is under way end, then move time."""
        await self.agent.settled()
        self.time.advance(seconds)
        await self.agent.settled()

    async def pass_until(self, state: str, step: float, name: str = "web") -> None:
        """Move time in steps until the pod's state is this (probes run beside the agent's own work)."""
        for _ in range(60):
            if self.state(name) == state:
                return
            await self.pass_time(step)
            await asyncio.sleep(0.02)
        pytest.fail(f"the pod is {self.state(name)!r}, and not {state!r}")

    def events(self, reason: str = "") -> list[tuple[str, str]]:
        return [
            (event.reason or "", event.message or "")
            for event in self.api.all(Event)
            if reason in ("", event.reason) and event.involved_object.kind == "Pod"
        ]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[NodeBench]:
    bench = NodeBench(tmp_path)
    await bench.agent.start()
    yield bench
    await bench.agent.stop()
    bench.runtime.close()
