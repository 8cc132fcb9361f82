"""Netlink, the kernel's wire format for its network: messages of attributes, sent and read. Blocking.

Written here since it is short, and since a library that knows every message takes longer to load than the half of a
cluster's start.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ROUTES: Final = 0
"""Which part of the kernel is asked: links, addresses and routes."""
CONNECTIONS: Final = 12
"""And what it remembers of connections."""

REPLACE, EXCLUSIVE, CREATE = 0x100, 0x200, 0x400
"""What a message may ask for; without any of them it only changes or takes away."""

_REQUEST, _ACKNOWLEDGE, _DUMP = 0x1, 0x4, 0x300
_INTERRUPTED: Final = 0x10
_ERROR, _DONE = 2, 3

_MESSAGE: Final = struct.Struct("=IHHII")
"""Length with this header, type, flags, sequence number, port."""
_ATTRIBUTE: Final = struct.Struct("=HH")
"""Length with this header, type."""
_NESTED: Final = 0x8000
_TYPE: Final = 0x3FFF
"""Without the two bits that say how an attribute is written."""
_NUMBER: Final = struct.Struct("=I")
_BUFFER: Final = 1 << 17
_TRIES: Final = 10
"""How often a table is asked for that changes while the kernel tells it."""


class Netlink:
    """A connection, for one question at a time. Made by `netlink`."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def change(self, kind: int, content: bytes, flags: int = 0) -> None:
        """Raises `OSError` with what the kernel refuses."""
        self._send(kind, _REQUEST | _ACKNOWLEDGE | flags, content)
        for _ in self._answers():
            pass

    def table(self, kind: int, content: bytes) -> list[bytes]:
        """All entries: the kernel's answers without their headers. Raises `OSError` where it does not tell."""
        found: list[bytes] = []
        for _ in range(_TRIES):
            self._send(kind, _REQUEST | _DUMP, content)
            answers = list(self._answers())
            found = [body for _, body in answers]
            if not any(flags & _INTERRUPTED for flags, _ in answers):
                break
        return found

    def _send(self, kind: int, flags: int, content: bytes) -> None:
        self._socket.send(_MESSAGE.pack(_MESSAGE.size + len(content), kind, flags, 0, 0) + content)

    def _answers(self) -> Iterator[tuple[int, bytes]]:
        """Flags and content of what comes before the kernel says that this is all."""
        while True:
            received = self._socket.recv(_BUFFER)
            start = 0
            while start < len(received):
                length, kind, flags, *_ = _MESSAGE.unpack_from(received, start)
                body = received[start + _MESSAGE.size : start + length]
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    _raise_unless_fine(body)
                    return
                yield flags, body
                start += _aligned(length)


@contextmanager
def netlink(part: int) -> Iterator[Netlink]:
    """In the network namespace of the thread. Raises `OSError` where the kernel has no such part."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, part) as connected:
        connected.bind((0, 0))
        yield Netlink(connected)


def attribute(kind: int, content: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(content), kind) + content + bytes(-len(content) % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    return attribute(kind | _NESTED, b"".join(attributes))


def number(kind: int, value: int) -> bytes:
    return attribute(kind, _NUMBER.pack(value))


def text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def attributes(data: bytes) -> dict[int, bytes]:
    """By type. Raises `OSError` where this is none of the kernel's."""
    found = {}
    start = 0
    while start < len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        if length < _ATTRIBUTE.size:
            raise OSError(errno.EBADMSG, "an attribute is shorter than its header")
        found[kind & _TYPE] = data[start + _ATTRIBUTE.size : start + length]
        start += _aligned(length)
    return found


def as_number(content: bytes | None) -> int:
    """0 for what is not told."""
    return int(_NUMBER.unpack(content)[0]) if content else 0


def as_text(content: bytes) -> str:
    return content.rstrip(b"\0").decode()


def _raise_unless_fine(body: bytes) -> None:
    (code,) = struct.unpack_from("=i", body)
    if code:
        raise OSError(-code, os.strerror(-code))


def _aligned(length: int) -> int:
    return length + 3 & ~3
