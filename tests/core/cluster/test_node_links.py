"""A node that joined over HTTPS is reached as one in this process is: over the connections on which its agent waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sampan.core.api.node_links import NodeLink
from sampan.core.client.http import HttpClient
from sampan.core.cluster.node_identity import NodeIdentity
from sampan.core.contracts.node_calls import usage_to_wire
from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import AsyncStream, ContainerUsage, NodePage, NodeUsage, PodRef, PodUsage
from sampan.core.errors import BadRequest, Forbidden, InternalError, NotFound, ServiceUnavailable
from sampan.core.node.called import Called
from sampan.core.reconcile.clock import RealClock
from sampan.core.testing.control_plane import ControlPlane, control_plane
from sampan.core.testing.wait import soon
from tests.support.node import Echo, FakeNode

pytestmark = pytest.mark.anyio

POD = PodRef(namespace="default", name="web", uid="1-2-3")
AT = datetime(2030, 1, 1, tzinfo=UTC)
USAGE = NodeUsage(
    node="two", labels={"zone": "a"}, cpu_nanocores=5, memory_bytes=6, at=AT, window=2.5,
    pods=(PodUsage(pod=POD, containers=(ContainerUsage(
        name="c", cpu_nanocores=1, cpu_nanos=2, memory_bytes=3, started_at=AT),), at=AT, window=1.0),),
)  # fmt: skip
BIG = bytes(range(256)) * 4096


class Pods(FakeNode):
    """Each stream is one of its own, and there is much to say."""

    def __init__(self) -> None:
        super().__init__(lines=[b"one\n", BIG])
        self.opened: list[Echo] = []

    async def exec(self, pod: PodRef, container: str, command: Sequence[str], *, tty: bool, stdin: bool) -> AsyncStream:
        if container != "c":
            raise NotFound(f'container not found ("{container}")', kind="pods", name=pod.name)
        self._renew()
        return await super().exec(pod, container, command, tty=tty, stdin=stdin)

    async def port_forward(self, pod: PodRef, port: int) -> AsyncStream:
        self._renew()
        return await super().port_forward(pod, port)

    async def usage(self) -> NodeUsage:
        return USAGE

    async def page(self, method: str, path: str, query: Mapping[str, str]) -> NodePage:
        self.asked.append((method, path, query))
        return NodePage(status=202, content_type="text/plain", body=BIG)

    def _renew(self) -> None:
        self.stream = Echo(code=7)
        self.opened.append(self.stream)


@asynccontextmanager
async def connected(plane: ControlPlane, folder: Path, pods: Pods) -> AsyncIterator[tuple[Called, NodeLink]]:
    """The agent's end, and the API server's."""
    identity = NodeIdentity(folder / "kubeconfig", "two", RealClock())
    await identity.obtain(plane.access)
    called = Called("two", lambda: identity.access, pods)
    called.start()

    async def find() -> NodeLink:
        found = plane.nodes.find("two")
        assert isinstance(found, NodeLink)
        return found

    try:
        yield called, await soon(find, "the node is connected", but=(NotFound,))
    finally:
        await called.stop()


async def test_all_that_the_api_server_asks_of_a_node_passes(tmp_path: Path) -> None:
    async with control_plane(tmp_path / "plane", controllers=True) as plane:
        pods = Pods()
        async with connected(plane, tmp_path, pods) as (called, node):
            await a_command(node, pods)
            await logs(node, pods)
            assert await node.usage() == USAGE
            page = await node.page("GET", "/stats/a%20b", {"x": "y"})
            assert (page.status, page.content_type, page.body) == (202, "text/plain", BIG)
            assert pods.asked[-1] == ("GET", "/stats/a%20b", {"x": "y"})
            many = await asyncio.gather(*(node.port_forward(POD, port) for port in range(2, 30)))
            for stream in many:
                await stream.close()

            async def idle() -> bool:
                return not called.calls and all(each.closed for each in pods.opened)

            await soon(idle, "every call has ended at the node, too")
            plane.api.break_connections()

            async def again() -> bool:
                return await node.usage() == USAGE

            await soon(again, "the node waits anew after its connections broke", but=(InternalError,))

        async def gone() -> bool:
            return plane.nodes.all() == ()

        await soon(gone, "it is no longer connected")
        node.patience = 0.01
        with pytest.raises(InternalError, match="error dialing backend: node 'two' does not answer"):
            await node.usage()


async def a_command(node: NodeLink, pods: Pods) -> None:
    stream = await node.exec(POD, "c", ["cat", "-"], tty=True, stdin=True)
    assert pods.asked[-1] == (POD.name, "c", ["cat", "-"], True, True)
    await stream.write(b"hello")
    assert await stream.read() == ("stdout", b"hello")
    pods.stream.said.put_nowait(("stderr", b"oh"))
    assert await stream.read() == ("stderr", b"oh")
    await stream.resize(80, 24)
    await stream.close_stdin()
    assert await stream.read() is None
    assert await stream.exit_code() == 7
    assert pods.stream.sizes == [(80, 24)]
    await stream.close()
    with pytest.raises(NotFound, match="container not found"):
        await node.exec(POD, "other", ["true"], tty=False, stdin=False)


async def logs(node: NodeLink, pods: Pods) -> None:
    options = LogOptions(tail_lines=5, since=AT, timestamps=True, stream="Stderr")
    lines = [line async for line in await node.logs(POD, "c", options)]
    assert b"".join(lines) == b"one\n" + BIG
    assert pods.asked[-1] == ("c", options)
    with pytest.raises(BadRequest, match="previous terminated container"):
        await node.logs(POD, "c", LogOptions(), previous=True)
    following = await node.logs(POD, "c", LogOptions(follow=True))
    assert await anext(following) == b"one\n"
    await following.aclose()  # type: ignore[attr-defined] # it is a generator, and its reader has gone


async def test_a_node_speaks_for_itself_and_may_say_nonsense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with control_plane(tmp_path / "plane", controllers=True) as plane:
        pods = Pods()
        async with connected(plane, tmp_path, pods) as (called, node):
            monkeypatch.setattr(
                "sampan.core.node.called.usage_to_wire", lambda _: {**usage_to_wire(USAGE), "node": "one"}
            )
            assert (await node.usage()).node == "two"
            monkeypatch.setattr("sampan.core.node.called.usage_to_wire", lambda _: {"node": "two"})
            with pytest.raises(InternalError, match="node 'two' says what nobody understands"):
                await node.usage()
            asking = asyncio.create_task(node.exec(POD, "c", ["true"], tty=False, stdin=False))
            await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

            async def idle() -> bool:
                return not called.calls

            await soon(idle, "who asks no more leaves no call behind")


async def test_a_node_waits_in_its_own_name_alone(tmp_path: Path) -> None:
    async with control_plane(tmp_path / "plane", controllers=True) as plane:
        identity = NodeIdentity(tmp_path / "kubeconfig", "two", RealClock())
        await identity.obtain(plane.access)
        client = HttpClient(identity.access)
        plane.cleanup.push_async_callback(client.close)
        with pytest.raises(Forbidden):
            await client.request("GET", "/sampan/v1/nodes/one")
        with pytest.raises(NotFound):  # it may, and this is no WebSocket
            await client.request("GET", "/sampan/v1/nodes/two")
        plane.nodes.enter("two", Pods())
        called = Called("two", lambda: identity.access, Pods())
        with pytest.raises(ServiceUnavailable, match="HTTP 409"):
            await called.dial()
