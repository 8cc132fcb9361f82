"""HTTP connections that become SPDY, which kubectl up to 1.29 and client-go's executor speak.

uvicorn's connection offers the app, in the request's scope, to take it over. Called on the API server's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final, cast

from sampan.core.api.bodies import ClientGone
from sampan.core.api.connection import BoundedProtocol
from sampan.core.api.request import Request
from sampan.core.classes import frozen

SPDY: Final = "SPDY/3.1"
EXTENSION: Final = "sampan.takeover"
MOST_EARLY: Final = 64 * 1024
"""Bytes that a client may send before it knows that its connection is taken over."""
CHUNK: Final = 64 * 1024


@frozen
class Connection:
    """The bytes of a connection that has been taken over. One task reads, several may write."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def write(self, data: bytes) -> None:
        """Waits while the client does not read. Raises `ClientGone`."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as exc:
            raise ClientGone from exc

    async def messages(self) -> AsyncIterator[bytes]:
        """What the client sends, until it goes away."""
        try:
            while data := await self.reader.read(CHUNK):
                yield data
        except OSError:
            return

    def close(self) -> None:
        """What was written still goes out."""
        self.writer.close()


TakeOver = Callable[[Mapping[str, str]], Connection]


def offered(request: Request) -> TakeOver | None:
    """How to take the connection over, where the client asks for SPDY and the server can."""
    extensions: Mapping[str, object] = request.scope.get("extensions") or {}
    take_over = cast("TakeOver | None", extensions.get(EXTENSION))
    trail = request.trail
    if take_over is None or trail is None:
        return take_over

    def told(headers: Mapping[str, str]) -> Connection:
        trail.answers(101)
        return take_over(headers)

    return told


class UpgradableProtocol(BoundedProtocol):
    """uvicorn's HTTP connection, which can be taken over by the request that asks for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._upgrading = False
        self._early = bytearray()

    def on_headers_complete(self) -> None:
        if (self._get_upgrade() or b"").decode("latin-1").lower() == SPDY.lower():
            self._upgrading = True
            cast("dict[str, Any]", self.scope)["extensions"] = {EXTENSION: self._take_over}
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        if not self._upgrading:
            super().data_received(data)
            return
        self._early += data
        if len(self._early) > MOST_EARLY:
            self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade that is not known is answered as if nobody had asked for it: no matter for the log."""

    def on_response_complete(self) -> None:
        """It was refused: what would have been SPDY is no request."""
        if self._upgrading:
            self.transport.close()
        super().on_response_complete()

    def _take_over(self, headers: Mapping[str, str]) -> Connection:
        """Answer 101, with these headers too; from here on the connection is the caller's."""
        lines = {"Connection": "Upgrade", "Upgrade": SPDY, **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.transport.write(f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n".encode("latin-1"))
        self.cycle.disconnected = True  # uvicorn has nothing more to answer
        self._unset_keepalive_if_required()
        reader = asyncio.StreamReader(limit=CHUNK, loop=self.loop)
        taken = TakenOver(reader, self.connections, self.loop)
        self.connections.discard(self)
        self.connections.add(taken)  # type: ignore[arg-type] # uvicorn ends what is in there by its `shutdown`
        self.transport.set_protocol(taken)
        taken.connection_made(self.transport)
        if self._early:
            reader.feed_data(bytes(self._early))
        self.flow.resume_reading()
        return Connection(reader, asyncio.StreamWriter(self.transport, taken, reader, self.loop))


class TakenOver(asyncio.StreamReaderProtocol):
    """The transport's new protocol: asyncio's, known to uvicorn as long as it is open."""

    def __init__(self, reader: asyncio.StreamReader, connections: set[Any], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(reader, loop=loop)
        self._connections = connections
        self._open: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open = transport
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server ends."""
        if self._open is not None:
            self._open.close()
