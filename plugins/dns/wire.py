"""Queries and answers in bytes: what is read of a query, and the ready parts that answers are put together from.

https://www.rfc-editor.org/rfc/rfc1035#section-4, and RFC 6891 for EDNS. Only queries of one question come in; what is
malformed is refused before anything is looked up.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Sequence

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from sampan.core.classes import frozen
from sampan.core.contracts.name_server import Record

HEADER = struct.Struct("!6H")
TTL = 5
"""Seconds, as CoreDNS gives: what has changed is known everywhere a moment later."""
MOST_IN_STREAM = 65_535
"""Bytes of an answer over TCP, whose length has two bytes: four thousand addresses."""
MOST_PLAIN = 512
"""Bytes of an answer over UDP to a client that names no other size."""
OUR_SIZE = 1232
"""Bytes that pass every network in one piece."""
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _WANTS_RECURSION, _RECURSES = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
_OPCODE = 0x7800
_OPT = 41
_ADDRESSES = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}
_TO_QUESTION = b"\xc0\x0c"
"""A name that is the question's."""


class Malformed(Exception):
    """Nothing that a query could be; not answered at all, as it may be an answer to a forged one."""


@frozen
class Query:
    """``question`` is as it came, in the client's own case; ``name`` in lower case, as bytes on the wire."""

    id: int
    flags: int
    question: bytes
    name: bytes
    type: int
    class_: int
    size: int
    """How large an answer over UDP may be."""
    edns: bool
    has_options: bool
    """It says more of its own (a cookie): it will hardly come again as it is."""


def read_query(data: bytes) -> Query:
    """Raises `Malformed`."""
    if len(data) < HEADER.size + 5:
        raise Malformed
    id_, flags, questions, answers, authorities, additional = HEADER.unpack_from(data)
    if flags & _RESPONSE or questions != 1 or answers or authorities or additional > 1:
        raise Malformed
    end = _end_of_name(data, HEADER.size)
    if end + 4 > len(data):
        raise Malformed
    type_, class_ = struct.unpack_from("!2H", data, end)
    size, edns, options = MOST_PLAIN, False, len(data) > end + 4
    if additional and len(data) >= end + 15 and data[end + 4 : end + 7] == b"\x00\x00\x29":
        (wanted,) = struct.unpack_from("!H", data, end + 7)
        size, edns, options = max(MOST_PLAIN, min(wanted, OUR_SIZE)), True, len(data) > end + 15
    name = data[HEADER.size : end].lower()
    return Query(id_, flags, data[HEADER.size : end + 4], name, type_, class_, size, edns, options)


def _end_of_name(data: bytes, at: int) -> int:
    """Where a name without pointers ends."""
    start = at
    try:
        while length := data[at]:
            if length > 63 or at - start > 255:
                raise Malformed
            at += length + 1
    except IndexError:
        raise Malformed from None
    return at + 1


def text_of(name: bytes) -> str:
    """``web.default.svc.cluster.local`` for a name in bytes. Bytes that are no host name's stay what they are."""
    labels, at = [], 0
    while length := name[at]:
        labels.append(name[at + 1 : at + 1 + length].decode("latin-1"))
        at += length + 1
    return ".".join(labels)


def type_text(type_: int) -> str:
    return "ANY" if type_ == 255 else dns.rdatatype.to_text(dns.rdatatype.RdataType.make(type_))


@frozen
class Sections:
    """Records of an answer in bytes, ready to be sent; alike for all who ask the same."""

    code: int
    answers: tuple[bytes, ...] = ()
    authority: tuple[bytes, ...] = ()
    aliases: tuple[bytes, ...] = ()
    """They come before the answers that they lead to: resolvers read in order."""


def resource(record: Record, asked: str) -> bytes:
    """A record of the zone in bytes. One of the name that is asked for points to the question."""
    type_ = dns.rdatatype.from_text(record.type)
    data: bytes | None
    if family := _ADDRESSES.get(record.type):  # a headless Service may have thousands
        data = socket.inet_pton(family, record.data)
    else:
        data = dns.rdata.from_text(dns.rdataclass.IN, type_, _absolute(record)).to_wire()
    assert data is not None
    name = _TO_QUESTION if record.name == asked else wire_name(record.name)
    return name + struct.pack("!2HIH", type_, 1, TTL, len(data)) + data


def start_of_authority(domain: str, serial: int) -> bytes:
    """What comes with every "no": for how long it may be remembered."""
    owner = wire_name(domain)
    data = wire_name(f"ns.dns.{domain}") + wire_name(f"hostmaster.{domain}")
    data += struct.pack("!5I", serial & 0xFFFFFFFF, 7200, 1800, 86400, TTL)
    return owner + struct.pack("!2HIH", 6, 1, TTL, len(data)) + data


def wire_name(text: str) -> bytes:
    return dns.name.from_text(text + ".").to_wire() or b""


def _absolute(record: Record) -> str:
    """The data with the dot that names in it lack."""
    return f"{record.data}." if record.type in ("CNAME", "PTR", "SRV", "NS") else record.data


def answer(query: Query, found: Sections, *, over_udp: bool, first: int = 0, authoritative: bool = True) -> bytes:
    """The whole message; over UDP one that does not fit is cut and marked, so that the client asks over TCP.

    Where it does not fit there either it is marked too, and has as many answers as do: those of whose turn it is.
    ``first`` turns the answers round, so that not all clients take the same one.
    """
    answers: Sequence[bytes] = found.answers
    if len(answers) > 1 and first % len(answers):
        turn = first % len(answers)
        answers = (*answers[turn:], *answers[:turn])
    flags = _RESPONSE | (query.flags & (_OPCODE | _WANTS_RECURSION)) | _RECURSES | found.code
    if authoritative:
        flags |= _AUTHORITATIVE
    options = _options() if query.edns else b""
    room = (query.size if over_udp else MOST_IN_STREAM) - HEADER.size - len(query.question) - len(options)
    body = b"".join((*found.aliases, *answers, *found.authority))
    counts = (len(found.aliases) + len(answers), len(found.authority))
    if len(body) > room:
        flags |= _TRUNCATED
        fitting = [] if over_udp else list(_fitting((*found.aliases, *answers), room))
        body, counts = b"".join(fitting), (len(fitting), 0)
    head = HEADER.pack(query.id, flags, 1, *counts, 1 if query.edns else 0)
    return head + query.question + body + options


def _fitting(some: Iterable[bytes], room: int) -> Iterator[bytes]:
    for each in some:
        room -= len(each)
        if room < 0:
            return
        yield each


def _options() -> bytes:
    return b"\x00" + struct.pack("!2HIH", _OPT, OUR_SIZE, 0, 0)


def is_query(query: Query) -> bool:
    """And no update, notify or status request."""
    return not query.flags & _OPCODE
