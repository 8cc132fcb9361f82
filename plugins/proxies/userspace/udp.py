"""UDP: one socket for a service port, and for each client a socket of its own to one endpoint.

That one is kept until the client falls idle or the endpoint leaves the service.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from sampan.core.services.sockets import datagram_socket
from sampan.plugins.proxies.userspace.candidates import Candidates, Visit
from sampan.plugins.proxies.userspace.seats import Seats

IDLE_SECONDS = 60.0
MOST_SESSIONS = 1_024
"""Clients of one service port at a time; each has a socket."""
MOST_WAITING = 32
"""Datagrams of a client whose endpoint is not there yet."""
Address = tuple[Any, ...]


class _Session(asyncio.DatagramProtocol):
    """What one client and its endpoint say to each other."""

    def __init__(self, listener: UdpListener, client: Address) -> None:
        self._listener = listener
        self._client = client
        self._waiting: list[bytes] = []
        self.transport: asyncio.DatagramTransport | None = None
        self.visit: Visit | None = None
        """To its endpoint; ``None`` while one is looked for."""
        self.last_used = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        for data in self._waiting:
            self.transport.sendto(data)
        self._waiting.clear()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._listener.answer(self._client, data)

    def error_received(self, exc: Exception) -> None:
        self._listener.forget(self._client)

    def send(self, data: bytes) -> None:
        if self.transport is None:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(data)
        else:
            self.transport.sendto(data)


class UdpListener(asyncio.DatagramProtocol):
    """The socket of one service port. All on the proxy's loop. ``unheld``: see `datagram_socket`."""

    def __init__(self, ip: str, port: int, candidates: Candidates, seats: Seats, *, unheld: bool = False) -> None:
        self._address = (ip, port)
        self._unheld = unheld
        self._seats = seats
        self._candidates = candidates
        self._transport: asyncio.DatagramTransport | None = None
        self._sessions: dict[Address, _Session] = {}
        self._dials: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Listen, if not listening yet. Raises `OSError` where the address cannot be had."""
        if self._transport is not None:
            return
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, sock=datagram_socket(*self._address, unheld=self._unheld))

    def refuse(self) -> None:
        """Stop listening; what clients and endpoints still say to each other is lost with it, as UDP may be."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    async def close(self) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
        for dial in self._dials:
            dial.cancel()
        await asyncio.gather(*self._dials, return_exceptions=True)
        for client in list(self._sessions):
            self.forget(client)
        self.refuse()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(addr)
        if session is None:
            if len(self._sessions) >= MOST_SESSIONS or not self._seats.take(addr[0]):
                return  # as a network that is too busy loses it
            session = self._sessions[addr] = _Session(self, addr)
            task = loop.create_task(self._connect(session, addr))
            self._dials.add(task)
            task.add_done_callback(self._dials.discard)
            self._watch_idle(loop)
        session.last_used = loop.time()
        session.send(data)

    def answer(self, client: Address, data: bytes) -> None:
        """A server that goes on talking keeps its client's session, too."""
        if session := self._sessions.get(client):
            session.last_used = asyncio.get_running_loop().time()
        if self._transport is not None:
            self._transport.sendto(data, client)

    def forget(self, client: Address) -> None:
        session = self._sessions.pop(client, None)
        if session is None:
            return
        self._seats.give_back(client[0])
        if session.visit is not None:
            session.visit.end()
        if session.transport is not None:
            session.transport.close()

    def forget_departed(self) -> None:
        """Let the clients of endpoints that have left begin anew with another one."""
        for client, session in list(self._sessions.items()):
            if session.visit is not None and session.visit.endpoint not in self._candidates.endpoints:
                self.forget(client)

    async def _connect(self, session: _Session, client: Address) -> None:
        loop = asyncio.get_running_loop()
        for endpoint in self._candidates.candidates(client[0], loop.time()):
            visit = self._candidates.visit(endpoint)
            try:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: session, remote_addr=(endpoint.ip, endpoint.port)
                )
            except OSError:
                visit.end()
                continue
            if self._sessions.get(client) is not session:  # forgotten meanwhile
                transport.close()
                visit.end()
                return
            session.visit = visit
            self._candidates.served(client[0], endpoint, loop.time())
            self.forget_departed()  # it may have left just now
            return
        self.forget(client)

    def _watch_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._sweep is None:
            self._sweep = loop.call_later(IDLE_SECONDS, self._drop_idle, loop)

    def _drop_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweep = None
        oldest = loop.time() - IDLE_SECONDS
        for client, session in list(self._sessions.items()):
            if session.last_used < oldest:
                self.forget(client)
        if self._sessions:
            self._watch_idle(loop)
