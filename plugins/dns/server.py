"""Cluster DNS: names of the cluster from memory, all others from the host's servers. UDP and TCP, on a loop of its own.

It shares its port with another one of the same user, so that one can take the other's place with nobody noticing.
Most queries cost one look into a dictionary (`sampan.plugins.dns.ready`); the zone is only asked about new questions.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import struct
import threading
import time
from collections.abc import Sequence
from typing import cast

import dns.rdatatype
import dns.rrset

from sampan.core.contracts.name_server import NameServerSettings, Record
from sampan.core.errors import ConfigError
from sampan.core.services.loop_thread import LoopThread
from sampan.core.services.shares import Shares
from sampan.core.services.sockets import datagram_socket
from sampan.plugins.dns.ready import MOST_TURNS, Ready
from sampan.plugins.dns.upstream import Answer, Upstream
from sampan.plugins.dns.wire import (
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    Malformed,
    Query,
    Sections,
    answer,
    is_query,
    read_query,
    resource,
    start_of_authority,
    text_of,
    type_text,
    wire_name,
)
from sampan.plugins.dns.zone import Found, Zone

MOST_ASKING, EACH_ASKING = 2_000, 500
"""Queries over UDP that wait for an answer from outside, of all clients and of one; more are dropped, and asked again."""
MOST_CONNECTIONS, EACH_CONNECTIONS = 200, 50
IDLE_SECONDS = 10.0
IN, ANY_CLASS = 1, 255


class ClusterDns:
    """The calls of `sampan.core.contracts.name_server.NameServer`, in this process."""

    def __init__(self, settings: NameServerSettings, upstream_port: int = 53, each_asking: int = EACH_ASKING) -> None:
        self._settings = settings
        self._zone = Zone(settings.domain, settings.reverse)
        self._thread = LoopThread("dns")
        self._upstream_port = upstream_port
        self._upstream: Upstream | None = None
        self._ready = Ready()
        self._lock = threading.Lock()
        """Held while the zone and what is ready are changed or asked; not for an answer that is ready."""
        self._turn = itertools.count()
        self._serial = int(time.time())
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._asking: set[asyncio.Task[None]] = set()
        self._shares = Shares(MOST_ASKING, each_asking)
        self._shares_of_connections = Shares(MOST_CONNECTIONS, EACH_CONNECTIONS)

    # The contract

    def start(self, address: str, port: int = 53) -> None:
        try:
            self._thread.run(self._listen(address, port))
        except OSError as exc:
            self.close()
            why = "another program does already" if exc.errno == errno.EADDRINUSE else exc.strerror
            raise ConfigError(f"cluster DNS cannot listen on {address}:{port}: {why}") from exc

    def put(self, owner: str, records: Sequence[Record]) -> None:
        with self._lock:
            if changed := self._zone.put(owner, records):
                self._serial += 1
                self._ready.drop(changed)

    def close(self, patience: float = 0.0) -> None:
        """``patience``: seconds in which what has been asked of the world is still answered. Idempotent."""
        self._thread.run(self._end(patience))
        self._thread.close()

    async def _listen(self, address: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        servers = [server for server in self._settings.upstream if server != address]
        self._upstream = Upstream(servers, loop.time, self._upstream_port)
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), sock=datagram_socket(address, port, shared=True)
        )
        self._udp = transport
        self._tcp = await asyncio.start_server(self._serve, address, port, backlog=128, reuse_port=True)

    async def _end(self, patience: float) -> None:
        if patience and self._asking:
            await asyncio.wait(self._asking, timeout=patience)
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        tasks = [*self._connections, *self._asking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # a transport is closed in the turn after it was told to
        if self._upstream is not None:
            await self._upstream.close()

    # Answering

    def answer_now(self, data: bytes, *, over_udp: bool) -> bytes | Query | None:
        """The answer; or the query, where the world has to be asked; or nothing, for what is none."""
        if over_udp and (ready := self._ready.messages.get(data[2:])) is not None:
            return data[:2] + ready[next(self._turn) % len(ready)]
        try:
            query = read_query(data)
        except Malformed:
            return None
        if query.class_ not in (IN, ANY_CLASS) or not is_query(query):
            return answer(query, Sections(REFUSED if is_query(query) else NOTIMP), over_udp=over_udp)
        with self._lock:
            sections = self._ready.sections((query.name, query.type)) or self._work_out(query)
            if sections is None:
                return query
            turn = next(self._turn)
            if not over_udp or query.has_options:
                return answer(query, sections, over_udp=over_udp, first=turn)
            orders = range(max(1, min(len(sections.answers), MOST_TURNS)))
            messages = tuple(answer(query, sections, over_udp=True, first=order)[2:] for order in orders)
            self._ready.keep_messages((query.name, query.type), data[2:], messages)
        return data[:2] + messages[turn % len(messages)]

    def _work_out(self, query: Query) -> Sections | None:
        """From the zone; ``None`` where it does not know."""
        name = text_of(query.name)
        if not self._zone.holds(name):
            return None
        type_ = type_text(query.type)
        found = self._zone.look_up(name, type_)
        if found.outside:
            return None
        sections = self._sections(found, name, type_)
        self._ready.keep((query.name, query.type), sections, found.names)
        return sections

    def _sections(self, found: Found, asked: str, type_: str) -> Sections:
        if found.records:
            aliases, answers = _in_bytes(found, asked)
            return Sections(NOERROR, answers, aliases=aliases)
        authority = start_of_authority(self._settings.domain, self._serial)
        if asked == self._settings.domain and type_ in ("SOA", "ANY"):
            return Sections(NOERROR, (authority,))
        return Sections(NOERROR if found.exists else NXDOMAIN, authority=(authority,))

    async def answer_from_outside(self, query: Query, *, over_udp: bool) -> bytes:
        """What the world says; for an alias that leads out of the cluster, what it says of that."""
        name, target = text_of(query.name), query.name
        aliases: tuple[bytes, ...] = ()
        if self._zone.holds(name):
            with self._lock:
                found = self._zone.look_up(name, type_text(query.type))
            aliases, _ = _in_bytes(found, name)
            target = wire_name(found.outside or name)
        assert self._upstream is not None
        said = None
        if query.class_ == IN and is_query(query):
            said = await self._upstream.ask(target, query.type)
        if said is None:
            return answer(query, Sections(SERVFAIL, aliases=aliases), over_udp=over_udp, authoritative=bool(aliases))
        return answer(query, _outside(said, aliases), over_udp=over_udp, authoritative=bool(aliases))

    def ask_outside(self, query: Query, client: tuple[str, int]) -> None:
        """Answer a datagram later."""
        if not self._shares.take(client[0]):
            return
        task = asyncio.get_running_loop().create_task(self._reply_later(query, client))
        self._asking.add(task)
        task.add_done_callback(lambda done: self._has_replied(done, client[0]))

    def _has_replied(self, task: asyncio.Task[None], client: str) -> None:
        self._asking.discard(task)
        self._shares.give_back(client)

    async def _reply_later(self, query: Query, client: tuple[str, int]) -> None:
        reply = await self.answer_from_outside(query, over_udp=True)
        if self._udp is not None:
            self._udp.sendto(reply, client)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One TCP connection: queries one after the other, each behind its length."""
        task = asyncio.current_task()
        assert task is not None
        client: str = (writer.get_extra_info("peername") or ("",))[0]
        if not self._shares_of_connections.take(client):
            writer.close()
            return
        self._connections.add(task)
        try:
            async with asyncio.timeout(None) as limit:
                while True:
                    limit.reschedule(asyncio.get_running_loop().time() + IDLE_SECONDS)
                    (size,) = struct.unpack("!H", await reader.readexactly(2))
                    found = self.answer_now(await reader.readexactly(size), over_udp=False)
                    if found is None:
                        return
                    if isinstance(found, Query):
                        found = await self.answer_from_outside(found, over_udp=False)
                    writer.write(struct.pack("!H", len(found)) + found)
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            return
        finally:
            self._connections.discard(task)
            self._shares_of_connections.give_back(client)
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: ClusterDns) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        found = self._server.answer_now(data, over_udp=True)
        if isinstance(found, Query):
            self._server.ask_outside(found, addr)
        elif found is not None and self._transport is not None:
            self._transport.sendto(found, addr)


def _in_bytes(found: Found, asked: str) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Aliases, and what they lead to. An alias that was asked for is led to by nothing."""
    ready = [(record.type == "CNAME", resource(record, asked)) for record in found.records]
    return tuple(raw for alias, raw in ready if alias), tuple(raw for alias, raw in ready if not alias)


def _outside(said: Answer, aliases: tuple[bytes, ...]) -> Sections:
    """An answer of the world in bytes, behind the aliases that led to it."""
    answers = [item for rrset in said.answers for item in _resources(rrset)]
    authority = [item for rrset in said.authority if rrset.rdtype == dns.rdatatype.SOA for item in _resources(rrset)]
    return Sections(NOERROR if aliases and answers else said.code, tuple(answers), tuple(authority), aliases)


def _resources(rrset: dns.rrset.RRset) -> list[bytes]:
    name = rrset.name.to_wire() or b""
    found = []
    for rdata in rrset:
        data = rdata.to_wire() or b""
        found.append(name + struct.pack("!2HIH", rrset.rdtype, rrset.rdclass, rrset.ttl, len(data)) + data)
    return found
