"""What uvicorn needs to be told for TLS with client certificates, and to live inside a loop that is already running."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvicorn

Subject = tuple[str, tuple[str, ...]]
"""Common name and organizations of a verified client certificate."""
Relative = tuple[tuple[tuple[str, str], ...], ...]
"""A distinguished name as the ``ssl`` module gives it."""


def peer_subject(ssl_object: ssl.SSLObject | None) -> Subject:
    """The subject of a certificate that the TLS handshake has verified; empty for none."""
    certificate = ssl_object.getpeercert() if ssl_object is not None else None
    if not certificate:
        return ("", ())
    pairs = [pair for attribute in cast(Relative, certificate.get("subject", ())) for pair in attribute]
    name = next((value for key, value in pairs if key == "commonName"), "")
    return (name, tuple(value for key, value in pairs if key == "organizationName"))


TICK = 0.1
"""Seconds between two of uvicorn's ticks, which keep the ``date`` header."""
FAREWELL = 0.02
"""Seconds for clients to answer the end of TLS; one that keeps an idle connection does not read it."""


class EmbeddedServer(uvicorn.Server):
    """uvicorn as one task of a larger program: signals are that program's business.

    uvicorn looks ten times a second whether it is to end, and then waits as long again for its connections; a server in
    a test would do little else. This one is told, and looks at its connections as often as they may have closed.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Have `serve` stop taking connections, let answers that have begun be finished, and return."""
        self.should_exit = True
        self._ending.set()

    def break_connections(self) -> None:
        """Break off every connection, whatever is on its way."""
        for transport in self._transports():
            transport.abort()

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            ticks = (ticks + 1) % 864000
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            _shut_down(connection)
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                await self._until(self._answered)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self._until(lambda: not self.server_state.connections)
        self.break_connections()
        await self.lifespan.shutdown()

    def _answered(self) -> bool:
        """Whether every answer has ended, and has been written as far as can be seen through TLS."""
        return not self.server_state.tasks and not any(map(_unwritten, self._transports()))

    def _transports(self) -> Iterator[asyncio.Transport]:
        for connection in list(self.server_state.connections):
            if (transport := getattr(connection, "transport", None)) is not None:
                yield transport

    @staticmethod
    async def _until(happened: Callable[[], bool]) -> None:
        """Asked often at first, as most connections and answers end at once."""
        pause = 0.0
        while not happened():
            await asyncio.sleep(pause)
            pause = min(pause * 2 or 0.001, TICK)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def started_or_failed(self, task: asyncio.Task[None]) -> None:
        """Wait until it listens; raises what kept it from that."""
        while not self.started:
            if task.done():
                task.result()
                raise RuntimeError("the HTTP server ended before it was up")
            await asyncio.sleep(0.001)


def _unwritten(transport: asyncio.Transport) -> int:
    """Bytes. A transport over TLS that has been closed twice has lost what would know, and has none left."""
    try:
        return transport.get_write_buffer_size()
    except AttributeError:
        return 0


def _shut_down(connection: Any) -> None:
    from websockets.exceptions import InvalidState

    try:
        connection.shutdown()
    except InvalidState:  # the client of a WebSocket has just said goodbye itself
        connection.transport.close()
