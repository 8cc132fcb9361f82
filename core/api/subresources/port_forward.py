"""``portforward``: TCP connections into a pod, in one of two protocols.

`Tunnel` is what kubectl speaks: SPDY, inside of a WebSocket from 1.31 on. The channels with ``?ports=…`` are what the
client libraries of other languages speak: one connection for each port, with two channels (data and errors) on a
WebSocket. Each channel begins with its port, two bytes, little-endian.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final
from urllib.parse import parse_qs

import attrs

from sampan.core.api import takeover
from sampan.core.api.bodies import ClientGone
from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.request import Request
from sampan.core.api.subresources.channels import NAMELESS, V4, V4_TEXT, Channels
from sampan.core.api.subresources.containers import admit, pod_ref, streams_of
from sampan.core.api.subresources.forwarded import Forwarded
from sampan.core.api.subresources.terminal import CONNECT, VERSION_HEADER, negotiate
from sampan.core.api.subresources.tunnel import PORTS, TUNNEL, Tunnel
from sampan.core.api.subresources.websocket import PROTOCOL_ERROR, WebSocket
from sampan.core.classes import define
from sampan.core.contracts.streams import AsyncStream, NodeDirectory, NodeStreams, PodRef
from sampan.core.errors import BadRequest, SampanError

MOST_PORTS: Final = 127
"""As many have two channels each: the number of a channel is a byte."""
SPDY_PROTOCOLS: Final = ("portforward.k8s.io",)


@define(eq=False)
class PortForward:
    pipeline: Pipeline
    nodes: NodeDirectory

    def belongs(self, served: Served) -> bool:
        return "portforward" in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return CONNECT

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return ("", "", "PodPortForwardOptions")

    async def serve(self, request: Request, call: Call) -> None:
        """Over SPDY, where the client asks for it."""
        await self.pipeline.gates.check(attrs.evolve(call, verb="create").attributes)
        streams, pod = await self._aim(request, call)
        take_over = takeover.offered(request)
        if take_over is None:
            raise BadRequest("Upgrade request required")
        protocol = negotiate(request, SPDY_PROTOCOLS)
        connection = take_over({VERSION_HEADER: protocol} if protocol else {})
        try:
            await Tunnel(streams, pod, connection.write).run(connection.messages())
        finally:
            connection.close()

    async def connect(self, request: Request, call: Call) -> None:
        streams, pod = await self._aim(request, call)
        socket = WebSocket(request.scope, request.receive, request.send)
        protocol = socket.choose((TUNNEL, V4, V4_TEXT, NAMELESS))
        if protocol == TUNNEL:
            await socket.accept(TUNNEL)
            if not await Tunnel(streams, pod, socket.write).run(socket.messages()):
                await socket.close(PROTOCOL_ERROR)
        else:
            ports = wanted_ports(request)
            await socket.accept(protocol)
            await Forwarding(Channels(socket, protocol), streams, pod, ports).run()

    async def _aim(self, request: Request, call: Call) -> tuple[NodeStreams, PodRef]:
        options: dict[str, Any] = {"kind": "PodPortForwardOptions", "apiVersion": "v1"}
        if "ports" in request.query:
            options["ports"] = wanted_ports(request)
        await admit(self.pipeline, call, options)
        pod = (await self.pipeline.current(call)).wire
        return streams_of(self.nodes, pod), pod_ref(pod)


def wanted_ports(request: Request) -> list[int]:
    """Raises `BadRequest`."""
    words = parse_qs(request.scope["query_string"].decode("latin-1")).get("ports", [])
    texts = [text for word in words for text in word.split(",")]
    if not texts or not all(text.isdecimal() and len(text) <= 5 and int(text) in PORTS for text in texts):
        said = ",".join(texts)[:64] or "nothing"
        raise BadRequest(f'query parameter "ports" must be numbers from 1 to 65535, not {said}')
    if len(texts) > MOST_PORTS:
        raise BadRequest(f'query parameter "ports" names {len(texts)} ports, of which {MOST_PORTS} can be forwarded')
    return [int(text) for text in texts]


@define(eq=False)
class Forwarding:
    """The connections of one WebSocket; port number ``i`` has the channels ``2i`` and ``2i + 1``."""

    channels: Channels
    streams: NodeStreams
    pod: PodRef
    ports: list[int]
    _connections: list[Forwarded] = attrs.field(init=False)
    """What the client sends before the pod has answered waits in them."""

    def __attrs_post_init__(self) -> None:
        self._connections = [self._connection(index, port) for index, port in enumerate(self.ports)]

    async def run(self) -> None:
        """Until the client leaves or every connection has ended."""
        tasks = [asyncio.create_task(self._carry(index, port)) for index, port in enumerate(self.ports)]
        outgoing = asyncio.create_task(_all(tasks))
        incoming = asyncio.create_task(self._receive())
        try:
            await asyncio.wait({outgoing, incoming}, return_when=asyncio.FIRST_COMPLETED)
            if outgoing.done():
                with contextlib.suppress(ClientGone):
                    await self.channels.socket.close()
        finally:
            for task in (*tasks, outgoing, incoming):
                task.cancel()
            await asyncio.gather(*tasks, outgoing, incoming, return_exceptions=True)

    def _connection(self, index: int, port: int) -> Forwarded:
        async def connect() -> AsyncStream:
            return await self.streams.port_forward(self.pod, port)

        async def deliver(data: bytes) -> None:
            await self.channels.write(2 * index, data)

        return Forwarded(connect, deliver)

    async def _carry(self, index: int, port: int) -> None:
        """One port's connection, from its beginning to its end."""
        number = port.to_bytes(2, "little")
        await self.channels.write(2 * index, number)
        await self.channels.write(2 * index + 1, number)
        try:
            await self._connections[index].run()
        except (SampanError, OSError) as exc:
            where = f"error forwarding port {port} to pod {self.pod.name}_{self.pod.namespace}, uid {self.pod.uid}"
            await self.channels.write(2 * index + 1, f"{where}: {exc}".encode())

    async def _receive(self) -> None:
        async for piece in self.channels.pieces():
            if piece.channel % 2 == 0 and piece.channel // 2 < len(self._connections):
                await self._connections[piece.channel // 2].inlet.put(piece.data)


async def _all(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)
