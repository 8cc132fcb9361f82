"""Where pods share their host's network, who comes second to a port is told so."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from sampan.core.contracts.runtime import Capabilities
from sampan.core.model.core_v1.container import Container, ContainerPort

pytestmark = pytest.mark.anyio

Bench = Any


def serving(*ports: int) -> Container:
    return Container(name="main", image="x", ports=tuple(ContainerPort(container_port=port) for port in ports))


async def agent_on(bench: Bench, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    await bench.agent.stop()
    can: Capabilities = attrs.evolve(bench.runtime.capabilities(), **changes)
    monkeypatch.setattr(bench.runtime, "capabilities", lambda: can)
    bench.agent = bench.make_agent()
    await bench.agent.start()


async def test_the_second_pod_on_a_port_is_told_of_the_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await agent_on(bench, monkeypatch, real_processes=True, own_network=False)
    for name, ports in (("first", (8000, 8001)), ("other", (9000,)), ("second", (8001, 9001))):
        bench.put(name, serving(*ports))
        await bench.becomes("Running: main running 0 ready", name)
    await bench.agent.settled()
    ((_, said),) = bench.events("PortConflict")
    assert said.startswith("port 8001/TCP of container main is also one of pod default/first: pods share this host's")


async def test_nobody_is_told_where_each_pod_has_a_network(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await agent_on(bench, monkeypatch, real_processes=True, own_network=True)
    for name in ("first", "second"):
        bench.put(name, serving(8000))
        await bench.becomes("Running: main running 0 ready", name)
    await bench.agent.settled()
    assert bench.events("PortConflict") == []
