"""One question to one server of the world, over UDP, and over TCP where the answer does not fit.

dnspython has the messages; its own way of sending them loads an HTTP client, which a name server's process does not need.
"""

from __future__ import annotations

import asyncio
import struct

import dns.exception
import dns.flags
import dns.message

MOST_WAITING = 8
"""Datagrams of one socket that are kept until they are looked at: what is no answer is somebody else's, or forged."""


async def ask(query: dns.message.Message, server: str, port: int, timeout: float) -> dns.message.Message:
    """Raises `TimeoutError`, `OSError` (nobody listens there, say) or `EOFError` where no answer comes."""
    async with asyncio.timeout(timeout):
        answer = await _over_udp(query, server, port)
        return await _over_tcp(query, server, port) if answer.flags & dns.flags.TC else answer


async def _over_udp(query: dns.message.Message, server: str, port: int) -> dns.message.Message:
    """From a port of its own, so that nobody can guess where an answer would be taken."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Answers, remote_addr=(server, port))
    try:
        transport.sendto(query.to_wire())
        while True:
            answer = _answer(query, await protocol.next())
            if answer is not None:
                return answer
    finally:
        transport.close()


async def _over_tcp(query: dns.message.Message, server: str, port: int) -> dns.message.Message:
    reader, writer = await asyncio.open_connection(server, port)
    try:
        wire = query.to_wire()
        writer.write(struct.pack("!H", len(wire)) + wire)
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        answer = _answer(query, await reader.readexactly(size))
        if answer is None:
            raise EOFError(f"{server} sends something else than an answer")
        return answer
    finally:
        writer.close()


def _answer(query: dns.message.Message, data: bytes) -> dns.message.Message | None:
    """``None``: it is none to this query."""
    try:
        answer = dns.message.from_wire(data, ignore_trailing=True, raise_on_truncation=False)
    except (dns.exception.DNSException, ValueError):
        return None
    return answer if query.is_response(answer) else None


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self._come: asyncio.Queue[bytes | Exception] = asyncio.Queue(MOST_WAITING)

    async def next(self) -> bytes:
        come = await self._come.get()
        if isinstance(come, Exception):
            raise come
        return come

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._put(data)

    def error_received(self, exc: Exception) -> None:
        self._put(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._put(exc or ConnectionAbortedError())

    def _put(self, what: bytes | Exception) -> None:
        if not self._come.full():
            self._come.put_nowait(what)
