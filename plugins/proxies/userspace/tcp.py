"""TCP: one listener for a service port, and a pair of joined connections for each client.

An endpoint that refuses is passed over for the next one, so a pod that has just gone costs no request.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import cast

from sampan.core.services.sockets import stream_socket
from sampan.plugins.proxies.userspace.candidates import Candidates, Visit
from sampan.plugins.proxies.userspace.seats import Seats

CONNECT_TIMEOUT = 5.0


class Pipe(asyncio.Protocol):
    """One end of a joined pair: what it receives, the other end sends; pressure and half-closes pass through."""

    def __init__(self, on_closed: Callable[[Pipe], None]) -> None:
        self._on_closed = on_closed
        self.transport: asyncio.Transport | None = None
        self.other: Pipe | None = None
        self._early: list[bytes] = []
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def join(self, other: Pipe) -> None:
        """Start carrying to ``other``, beginning with what came before it was there."""
        self.other = other
        for data in self._early:
            self._send(data)
        self._early.clear()
        if self._ended:
            self._pass_on_end()

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
            self.pause()
        else:
            self._send(data)

    def eof_received(self) -> bool:
        """The sender is done: tell the other side, and keep this one open for the answer."""
        self._ended = True
        self._pass_on_end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()
        self._on_closed(self)

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.pause()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.resume()

    def pause(self) -> None:
        if self.transport is not None:
            self.transport.pause_reading()

    def resume(self) -> None:
        if self.transport is not None:
            self.transport.resume_reading()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _pass_on_end(self) -> None:
        """Once both sides are done, nobody is left to end the connections: they are closed, what is underway sent first."""
        if self.other is None:
            return
        if self.other.transport is not None and self.other.transport.can_write_eof():
            self.other.transport.write_eof()
        if self._ended and self.other._ended:
            for transport in (self.transport, self.other.transport):
                if transport is not None:
                    transport.close()

    def _send(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)


class TcpListener:
    """The listener of one service port. All on the proxy's loop. ``unheld``: see `stream_socket`."""

    def __init__(self, ip: str, port: int, candidates: Candidates, seats: Seats, *, unheld: bool = False) -> None:
        self._address = (ip, port)
        self._unheld = unheld
        self._seats = seats
        self._candidates = candidates
        self._server: asyncio.Server | None = None
        self._pipes: set[Pipe] = set()
        self._dials: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen, if not listening yet. Raises `OSError` where the address cannot be had."""
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        bound = stream_socket(*self._address, unheld=self._unheld)
        self._server = await loop.create_server(self._accept, sock=bound, backlog=1024)

    def refuse(self) -> None:
        """Stop listening, so that new connections are refused; those that are open go on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def close(self) -> None:
        """Stop listening and cut what is connected."""
        self.refuse()
        for dial in self._dials:
            dial.cancel()
        await asyncio.gather(*self._dials, return_exceptions=True)
        for pipe in list(self._pipes):
            pipe.abort()

    def _accept(self) -> Pipe:
        client = _ClientPipe(self._pipes.discard, self._dial, self._seats)
        self._pipes.add(client)
        return client

    def _dial(self, client: Pipe) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(client))
        self._dials.add(task)
        task.add_done_callback(self._dials.discard)

    async def _connect(self, client: Pipe) -> None:
        loop = asyncio.get_running_loop()
        peer = client.transport.get_extra_info("peername")[0] if client.transport else ""
        for endpoint in self._candidates.candidates(peer, loop.time()):
            visit = self._candidates.visit(endpoint)
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    make = partial(self._backend, visit)
                    _, backend = await loop.create_connection(make, endpoint.ip, endpoint.port)
            except OSError:
                visit.end()
                continue
            self._candidates.served(peer, endpoint, loop.time())
            self._join(client, backend)
            return
        client.abort()

    def _backend(self, visit: Visit) -> Pipe:
        def closed(pipe: Pipe) -> None:
            self._pipes.discard(pipe)
            visit.end()

        backend = Pipe(closed)
        self._pipes.add(backend)
        return backend

    def _join(self, client: Pipe, backend: Pipe) -> None:
        if client.transport is None or backend.transport is None:
            client.abort()
            backend.abort()
            return
        for pipe in (client, backend):
            raw = pipe.transport.get_extra_info("socket") if pipe.transport else None
            if raw is not None:
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        backend.join(client)
        client.join(backend)
        client.resume()


class _ClientPipe(Pipe):
    """The side that a client opened: the backend is dialled as soon as it is there."""

    def __init__(self, on_closed: Callable[[Pipe], None], dial: Callable[[Pipe], None], seats: Seats) -> None:
        super().__init__(on_closed)
        self._dial = dial
        self._seats = seats
        self._seat: str | None = None
        """In whose name it is taken."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        client: str = (transport.get_extra_info("peername") or ("",))[0]
        if self._seats.take(client):
            self._seat = client
            self._dial(self)
        else:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._seat is not None:
            self._seats.give_back(self._seat)
