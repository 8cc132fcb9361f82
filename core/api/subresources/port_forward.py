"""``portforward``: TCP connections into a pod over a WebSocket, in one of two protocols.

`Tunnel` is what kubectl speaks. ``v4.channel.k8s.io`` with ``?ports=…`` is what the client libraries of other languages
speak: one connection for each port, with two channels (data and errors). Each channel begins with its port, two bytes,
little-endian.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

import attrs

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.request import Request
from sampan.core.api.subresources.channels import V4, Channels
from sampan.core.api.subresources.containers import admit, pod_ref, streams_of
from sampan.core.api.subresources.terminal import CONNECT
from sampan.core.api.subresources.tunnel import PORTS, TUNNEL, Tunnel
from sampan.core.api.subresources.websocket import PROTOCOL_ERROR, WebSocket
from sampan.core.contracts.streams import AsyncStream, NodeDirectory, NodeStreams, PodRef
from sampan.core.errors import BadRequest, SampanError


@attrs.define(eq=False)
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
        await self._aim(request, call)
        raise BadRequest("Upgrade request required")

    async def connect(self, request: Request, call: Call) -> None:
        streams, pod = await self._aim(request, call)
        socket = WebSocket(request.scope, request.receive, request.send)
        if socket.choose((TUNNEL, V4)) == TUNNEL:
            await socket.accept(TUNNEL)
            if not await Tunnel(streams, pod, socket.write).run(socket.messages()):
                await socket.close(PROTOCOL_ERROR)
        else:
            ports = wanted_ports(request)
            await socket.accept(V4)
            await Forwarding(Channels(socket, V4), streams, pod, ports).run()

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
    if not texts or not all(text.isdigit() and int(text) in PORTS for text in texts):
        raise BadRequest(f'query parameter "ports" must be numbers from 1 to 65535, not {",".join(texts) or "nothing"}')
    return [int(text) for text in texts]


@attrs.define(eq=False)
class Forwarding:
    """The connections of one WebSocket; port number ``i`` has the channels ``2i`` and ``2i + 1``."""

    channels: Channels
    streams: NodeStreams
    pod: PodRef
    ports: list[int]
    _open: dict[int, AsyncStream] = attrs.field(factory=dict, init=False)

    async def run(self) -> None:
        """Until the client leaves or every connection has ended."""
        tasks = [asyncio.create_task(self._carry(index, port)) for index, port in enumerate(self.ports)]
        outgoing = asyncio.create_task(_all(tasks))
        incoming = asyncio.create_task(self._receive())
        try:
            await asyncio.wait({outgoing, incoming}, return_when=asyncio.FIRST_COMPLETED)
            if outgoing.done():
                await self.channels.socket.close()
        finally:
            for task in (*tasks, outgoing, incoming):
                task.cancel()
            await asyncio.gather(*tasks, outgoing, incoming, return_exceptions=True)
            for stream in self._open.values():
                await stream.close()

    async def _carry(self, index: int, port: int) -> None:
        """One port's connection, from the pod to the client."""
        number = port.to_bytes(2, "little")
        await self.channels.write(2 * index, number)
        await self.channels.write(2 * index + 1, number)
        try:
            stream = self._open[index] = await self.streams.port_forward(self.pod, port)
            while (piece := await stream.read()) is not None:
                await self.channels.write(2 * index, piece[1])
        except SampanError as exc:
            await self.channels.write(2 * index + 1, str(exc).encode())

    async def _receive(self) -> None:
        async for piece in self.channels.pieces():
            stream = self._open.get(piece.channel // 2)
            if stream is not None and piece.channel % 2 == 0 and piece.data:
                await stream.write(piece.data)


async def _all(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)
