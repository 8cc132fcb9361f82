"""The metrics API, out of what nodes tell."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from sampan.core.contracts.source import SourceContext
from sampan.core.contracts.streams import ContainerUsage, NodeDirectory, NodeUsage, PodRef, PodUsage
from sampan.plugins.metrics import sources
from sampan.plugins.metrics.sources import NodeMetricsSource, PodMetricsSource
from sampan.plugins.metrics.windows import seconds, window
from tests.support.node import FakeNode

pytestmark = pytest.mark.anyio

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
CONTAINER = ContainerUsage(name="c", cpu_nanocores=1500, cpu_nanos=9, memory_bytes=4 << 20, started_at=AT)
POD = PodUsage(
    pod=PodRef(namespace="bay", name="boat", uid="u"), labels={"a": "b"}, containers=(CONTAINER,), at=AT, window=15.25
)
NODE = NodeUsage(node="n", cpu_nanocores=0, memory_bytes=1 << 20, at=AT, window=61, pods=(POD,))


class Measured(FakeNode):
    async def usage(self) -> NodeUsage:
        return NODE


class Deaf(FakeNode):
    async def usage(self) -> NodeUsage:
        await asyncio.Event().wait()
        raise AssertionError


class Broken(FakeNode):
    async def usage(self) -> NodeUsage:
        raise ValueError("what?")


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> SourceContext:
    """Three nodes, of which two are in a bad way."""
    monkeypatch.setattr(sources, "PATIENCE", 0.01)
    nodes = NodeDirectory()
    for name, node in (("deaf", Deaf()), ("broken", Broken()), ("n", Measured())):
        nodes.enter(name, node)
    return SourceContext(reader=None, nodes=nodes, clock=lambda: AT)  # type: ignore[arg-type]


async def test_nodes_that_do_not_answer_keep_nobody_waiting(context: SourceContext) -> None:
    assert list(await NodeMetricsSource(context).objects()) == [
        {
            "metadata": {"name": "n", "creationTimestamp": "2026-05-01T12:00:00Z"},
            "timestamp": "2026-05-01T12:00:00Z",
            "window": "1m1s",
            "usage": {"cpu": "0", "memory": "1024Ki"},
        }
    ]


async def test_a_pods_containers_are_told_apart(context: SourceContext) -> None:
    (told,) = await PodMetricsSource(context).objects()
    assert told["metadata"]["labels"] == {"a": "b"}
    assert told["containers"] == [{"name": "c", "usage": {"cpu": "1500n", "memory": "4096Ki"}}]


@pytest.mark.parametrize(("length", "text"), [(1, "1s"), (15.25, "15.25s"), (60, "1m0s"), (3661.5, "1h1m1.5s")])
def test_windows_are_written_as_go_does(length: float, text: str) -> None:
    assert window(length) == text
    assert seconds(text) == length


@pytest.mark.parametrize(("text", "length"), [("500ms", 0.5), ("1h0m0s", 3600), ("", 60), ("soon", 60)])
def test_windows_of_other_servers_are_read(text: str, length: float) -> None:
    assert seconds(text) == length
