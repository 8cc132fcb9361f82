"""An HTTP and WebSocket client that calls the API server's ASGI app directly: no sockets, no TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import attrs
import orjson

from sampan.core.api.app import Api
from sampan.core.api.spdy.codec import Decoder, Encoder
from sampan.core.api.spdy.frames import Frame
from sampan.core.api.takeover import EXTENSION, Connection

TOKEN = "asgi-administrator"
PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


@attrs.frozen
class Answer:
    code: int
    headers: Mapping[str, str]
    raw: bytes
    warnings: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        return orjson.loads(self.raw)

    @property
    def causes(self) -> list[tuple[str, str]]:
        """Reason and field of every cause of a Status."""
        return [(cause["reason"], cause.get("field", "")) for cause in self.json["details"].get("causes", [])]


@attrs.define
class AsgiClient:
    """``token`` may be empty for nobody in particular."""

    app: Api
    token: str = TOKEN

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.request("GET", path, **options)

    async def post(self, path: str, body: Any, **options: Any) -> Answer:
        return await self.request("POST", path, body, **options)

    async def put(self, path: str, body: Any, **options: Any) -> Answer:
        return await self.request("PUT", path, body, **options)

    async def patch(self, path: str, body: Any, kind: str = "merge", **options: Any) -> Answer:
        return await self.request("PATCH", path, body, content_type=PATCH_TYPES.get(kind, kind), **options)

    async def delete(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.request("DELETE", path, body, **options)

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        accept: str = "",
        content_type: str = "",
        agent: str = "",
        accept_encoding: str = "",
        content_length: bool = False,
    ) -> Answer:
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        exchange = Exchange(raw)
        scope = self.scope(method, path, accept, content_type, agent)
        if accept_encoding:
            scope["headers"].append((b"accept-encoding", accept_encoding.encode()))
        if content_length:
            scope["headers"].append((b"content-length", b"%d" % len(raw)))
        await self.app(scope, exchange.receive, exchange.send)
        return exchange.answer()

    def scope(
        self, method: str, path: str, accept: str = "", content_type: str = "", agent: str = ""
    ) -> dict[str, Any]:
        target, _, query = path.partition("?")
        given = {"accept": accept, "content-type": content_type, "user-agent": agent}
        if self.token:
            given["authorization"] = f"Bearer {self.token}"
        return {
            "type": "http",
            "method": method,
            "path": unquote(target),
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items() if value],
            "client": ("127.0.0.1", 1),
            "state": {},
        }

    @asynccontextmanager
    async def watch(self, path: str, **options: Any) -> AsyncIterator[Stream]:
        """A request whose answer is read line by line."""
        stream = Stream()
        task = asyncio.create_task(self.app(self.scope("GET", path, **options), stream.receive, stream.send))
        try:
            yield stream
        finally:
            stream.hang_up()
            await asyncio.wait_for(task, 5)

    @asynccontextmanager
    async def connect(self, path: str, *protocols: str) -> AsyncIterator[Socket]:
        """A WebSocket."""
        socket = Socket()
        scope = self.scope("GET", path) | {"type": "websocket", "subprotocols": list(protocols)}
        del scope["method"]
        task = asyncio.create_task(self.app(scope, socket.receive, socket.send))
        try:
            yield socket
        finally:
            socket.client({"type": "websocket.disconnect", "code": 1000})
            await asyncio.wait_for(task, 5)

    @asynccontextmanager
    async def upgrade(self, path: str, *protocols: str) -> AsyncIterator[Upgraded]:
        """A POST that asks for SPDY."""
        upgraded = Upgraded()
        scope = self.scope("POST", path) | {"extensions": {EXTENSION: upgraded.take_over}}
        scope["headers"] += [(b"x-stream-protocol-version", each.encode()) for each in protocols]
        exchange = Exchange(b"")

        async def send(message: Any) -> None:
            await exchange.send(message)
            if message["type"] == "http.response.body":
                upgraded.refused.set_result(exchange.answer())

        task = asyncio.create_task(self.app(scope, exchange.receive, send))
        try:
            yield upgraded
        finally:
            upgraded.reader.feed_eof()
            await asyncio.wait_for(task, 5)


class Upgraded:
    """The client's end of a connection that the server took over: SPDY frames both ways."""

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader()
        self.headers: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()
        self.refused: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._encoder, self._decoder = Encoder(), Decoder()
        self._frames: asyncio.Queue[Frame] = asyncio.Queue()

    def take_over(self, headers: Mapping[str, str]) -> Connection:
        self.headers.set_result(headers)
        return Connection(self.reader, self)  # type: ignore[arg-type] # as much of a writer as is used

    def write(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self._frames.put_nowait(frame)

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        self.closed = True

    def send(self, *frames: Frame) -> None:
        for frame in frames:
            self.reader.feed_data(self._encoder.encode(frame))

    async def frame(self) -> Frame:
        return await asyncio.wait_for(self._frames.get(), 5)


class Exchange:
    """One request with a whole body and a whole answer."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        body, self._body = self._body, None
        if body is None:
            await asyncio.Event().wait()  # the client stays until it has its answer
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Any) -> None:
        self._sent.append(message)

    def answer(self) -> Answer:
        start, *rest = self._sent
        pairs = [(name.decode(), value.decode()) for name, value in start["headers"]]
        warnings = tuple(value for name, value in pairs if name == "warning")
        return Answer(start["status"], dict(pairs), b"".join(part.get("body", b"") for part in rest), warnings)


class Stream:
    """An answer that goes on."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[bytes] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._first = True
        self._rest = b""
        self.code = 0
        self.started = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self._first:
            self._first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.code = message["status"]
            self.started.set()
            return
        *lines, self._rest = (self._rest + message.get("body", b"")).split(b"\n")
        for line in lines:
            self._lines.put_nowait(line)
        if not message.get("more_body"):
            self._lines.put_nowait(b"")

    async def line(self) -> bytes:
        """The next line; empty at the end."""
        return await asyncio.wait_for(self._lines.get(), 5)

    async def event(self) -> tuple[str, Any]:
        """Type and object of the next event of a watch."""
        event = orjson.loads(await self.line())
        return event["type"], event["object"]

    def hang_up(self) -> None:
        self._gone.set()


class Socket:
    """The client's end of a WebSocket."""

    def __init__(self) -> None:
        self._to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._to_client: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.client({"type": "websocket.connect"})

    def client(self, message: dict[str, Any]) -> None:
        self._to_server.put_nowait(message)

    def write(self, channel: int, data: bytes) -> None:
        self.client({"type": "websocket.receive", "bytes": bytes((channel,)) + data})

    async def receive(self) -> dict[str, Any]:
        return await self._to_server.get()

    async def send(self, message: Any) -> None:
        self._to_client.put_nowait(dict(message))

    async def message(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._to_client.get(), 5)

    async def piece(self) -> tuple[int, bytes]:
        """Channel and bytes of the next message that says something."""
        while True:
            message = await self.message()
            assert message["type"] == "websocket.send", message
            if len(message["bytes"]) > 1:
                return message["bytes"][0], message["bytes"][1:]
