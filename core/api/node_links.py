"""Nodes whose agents run elsewhere: the connections on which they wait, and their pods' streams over these.

`NodeLinks` takes the connections in; each node's `NodeLink` is what others find in the `NodeDirectory`. On the API server's
loop. `sampan.core.contracts.node_calls` has the messages.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, cast

import attrs

from sampan.core.api.bodies import ClientGone
from sampan.core.api.request import Request
from sampan.core.api.subresources.websocket import WebSocket
from sampan.core.classes import define
from sampan.core.client.status import error_of
from sampan.core.contracts.node_calls import (
    FOLDER,
    NAMES,
    Message,
    decode,
    encode,
    options_to_wire,
    pod_to_wire,
    usage_from_wire,
)
from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import AsyncStream, NodeDirectory, NodePage, NodeUsage, PodRef
from sampan.core.errors import Conflict, InternalError, TooManyRequests

PATIENCE: Final = 30.0
"""Seconds until a node that is called is there, and until it answers a question."""
MOST_LINES: Final = 512
"""Connections of one node, waiting or called."""
LARGEST_PAGE: Final = 64 * 1024 * 1024
Piece = tuple[Literal["stdout", "stderr"], bytes]


class NodeLinks:
    def __init__(self, nodes: NodeDirectory) -> None:
        self._nodes = nodes
        self._links: dict[str, NodeLink] = {}

    def knows(self, path: str) -> bool:
        name = path.removeprefix(FOLDER)
        return path.startswith(FOLDER) and bool(name) and "/" not in name

    async def connect(self, request: Request) -> None:
        """Hold a connection on which a node waits, until either side ends it. Who may has been decided before."""
        name = request.target.path.removeprefix(FOLDER)
        link = self._links.setdefault(name, NodeLink(name))
        if self._nodes.has(name) and not link.lines:
            raise Conflict(f"node {name!r} runs in this process", kind="nodes", name=name)
        if len(link.lines) >= MOST_LINES:
            raise TooManyRequests(f"node {name!r} has {MOST_LINES} connections already")
        socket = WebSocket(request.scope, request.receive, request.send)
        await socket.accept("")
        self._nodes.enter(name, link)
        try:
            await link.hold(Line(socket))
        finally:
            if not link.lines:
                self._nodes.leave(name)


class Line:
    """One connection. What the node says is read on before somebody asks for it only by a message."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._said: asyncio.Queue[Message | bytes | None] = asyncio.Queue(1)
        self._closed = asyncio.Event()
        self.is_gone = False

    async def hold(self) -> None:
        """Until it is closed, or the node goes away."""
        reading = asyncio.create_task(self._read())
        closing = asyncio.create_task(self._closed.wait())
        try:
            await asyncio.wait({reading, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.is_gone = True
            for task in (reading, closing):
                task.cancel()
            await asyncio.gather(reading, closing, return_exceptions=True)
            with contextlib.suppress(ClientGone):
                await self._socket.close()

    async def _read(self) -> None:
        try:
            while (message := await self._socket.receive())["type"] == "websocket.receive":
                text = message.get("text")
                await self._said.put(decode(text) if text is not None else message.get("bytes") or b"")
        except ValueError:
            pass  # it speaks another language
        self.is_gone = True
        await self._said.put(None)

    async def send(self, message: Message) -> None:
        """Raises `ClientGone`."""
        await self._socket.write_text(encode(message))

    async def send_bytes(self, data: bytes) -> None:
        """Waits while the node does not read. Raises `ClientGone`."""
        await self._socket.write(data)

    async def receive(self) -> Message | bytes | None:
        """``None`` once it has ended. For one task at a time."""
        if self._closed.is_set():
            return None
        said = await self._said.get()
        if said is None:
            self.close()
        return said

    def close(self) -> None:
        self._closed.set()


class NodeLink:
    """Implements `sampan.core.contracts.streams.NodeStreams` for a node that waits on some lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: set[Line] = set()
        self.patience = PATIENCE
        self._waiting: asyncio.Queue[Line] = asyncio.Queue()

    async def hold(self, line: Line) -> None:
        self.lines.add(line)
        self._waiting.put_nowait(line)
        try:
            await line.hold()
        finally:
            self.lines.discard(line)

    async def logs(
        self, pod: PodRef, container: str, options: LogOptions, *, previous: bool = False
    ) -> AsyncIterator[bytes]:
        asked = {"container": container, "options": options_to_wire(options), "previous": previous}
        return _output(await self._opened("logs", pod=pod_to_wire(pod), **asked))

    async def exec(self, pod: PodRef, container: str, command: Sequence[str], *, tty: bool, stdin: bool) -> AsyncStream:
        asked = {"container": container, "command": list(command), "tty": tty, "stdin": stdin}
        return RemoteStream(await self._opened("exec", pod=pod_to_wire(pod), **asked))

    async def attach(self, pod: PodRef, container: str, *, tty: bool, stdin: bool) -> AsyncStream:
        asked = {"container": container, "tty": tty, "stdin": stdin}
        return RemoteStream(await self._opened("attach", pod=pod_to_wire(pod), **asked))

    async def port_forward(self, pod: PodRef, port: int) -> AsyncStream:
        return RemoteStream(await self._opened("port_forward", pod=pod_to_wire(pod), port=port))

    async def usage(self) -> NodeUsage:
        line, value = await self._call("usage")
        line.close()
        with self._understood():
            return attrs.evolve(usage_from_wire(value), node=self.name)

    async def page(self, method: str, path: str, query: Mapping[str, str]) -> NodePage:
        line, value = await self._call("page", method=method, path=path, query=dict(query))
        body = bytearray()
        async for piece in _output(line):
            body += piece
            if len(body) > LARGEST_PAGE:
                line.close()
                raise InternalError(f"node {self.name!r} answers with more than {LARGEST_PAGE} bytes")
        with self._understood():
            return NodePage(status=int(value["status"]), content_type=str(value["content_type"]), body=bytes(body))

    @contextlib.contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError, ValueError) as exc:
            raise InternalError(f"node {self.name!r} says what nobody understands: {exc!r}") from exc

    async def _opened(self, verb: str, **asked: Any) -> Line:
        line, _ = await self._call(verb, **asked)
        return line

    async def _call(self, verb: str, **asked: Any) -> tuple[Line, Message]:
        """An open line with the node's answer. Raises what the node says is wrong, and where it is not there."""
        try:
            async with asyncio.timeout(self.patience):
                line = await self._called({"verb": verb, **asked})
                try:
                    return line, self._value(await line.receive())
                except BaseException:
                    line.close()
                    raise
        except TimeoutError:
            raise InternalError(f"error dialing backend: node {self.name!r} does not answer") from None

    async def _called(self, call: Message) -> Line:
        while True:
            line = await self._waiting.get()
            if line.is_gone:
                continue
            try:
                await line.send(call)
            except ClientGone:
                continue
            except BaseException:
                line.close()  # it may have been called, and nobody is left to hear the answer
                raise
            return line

    def _value(self, said: Message | bytes | None) -> Message:
        if isinstance(said, Mapping) and isinstance(said.get("value"), Mapping):
            return cast("Message", said["value"])
        if isinstance(said, Mapping) and isinstance(status := said.get("status"), Mapping):
            raise error_of(int(status.get("code", 500)), status)
        raise InternalError(f"error dialing backend: node {self.name!r} has hung up")


async def _output(line: Line) -> AsyncIterator[bytes]:
    try:
        while isinstance(said := await line.receive(), bytes):
            yield said[1:]
    finally:
        line.close()


@define(eq=False)
class RemoteStream:
    """`AsyncStream` over a line."""

    line: Line

    async def read(self) -> Piece | None:
        said = await self.line.receive()
        if not isinstance(said, bytes) or not said:
            return None
        return cast("Piece", (NAMES.get(said[0], "stdout"), said[1:]))

    async def write(self, data: bytes) -> None:
        await self._tell(data)

    async def close_stdin(self) -> None:
        await self._tell({"close_stdin": True})

    async def resize(self, width: int, height: int) -> None:
        await self._tell({"resize": [width, height]})

    async def exit_code(self) -> int:
        """After the last of `read`."""
        await self._tell({"exit_code": True})
        said = await self.line.receive()
        if isinstance(said, Mapping) and isinstance(said.get("exit_code"), int):
            return int(said["exit_code"])
        raise InternalError("the node has hung up before the command ended")

    async def close(self) -> None:
        self.line.close()

    async def _tell(self, what: Message | bytes) -> None:
        """Raises `OSError` where the node has gone, as a broken connection to the pod itself does."""
        try:
            if isinstance(what, bytes):
                await self.line.send_bytes(what)
            else:
                await self.line.send(what)
        except ClientGone as exc:
            raise ConnectionResetError("the node has hung up") from exc
