"""Protobuf's wire format: a message as numbered values, read and written. Pure.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from sampan.core.errors import BadRequest

Value = int | bytes | float
"""A number, or the bytes of a string, a message or packed numbers."""


def values(raw: bytes) -> Iterator[tuple[int, Value]]:
    """Field number and value, in the order of the message. Raises `BadRequest` for bytes that are no message."""
    place = 0
    while place < len(raw):
        tag, place = varint(raw, place)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, place = varint(raw, place)
            yield number, value
        elif wire_type == 2:
            length, place = varint(raw, place)
            if place + length > len(raw):
                raise broken()
            yield number, raw[place : place + length]
            place += length
        elif wire_type == 1 and place + 8 <= len(raw):
            yield number, struct.unpack_from("<d", raw, place)[0]
            place += 8
        else:
            raise broken()


def varint(raw: bytes, place: int) -> tuple[int, int]:
    """A number of up to 64 bits, and the place after it."""
    result = shift = 0
    while place < len(raw) and shift < 70:
        byte = raw[place]
        place += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, place
        shift += 7
    raise broken()


def signed(value: int) -> int:
    """A 64-bit number as ``int64``."""
    return value - (1 << 64) if value >= 1 << 63 else value


def broken() -> BadRequest:
    return BadRequest("the protobuf body is not a valid message")


def integer(number: int, value: int) -> bytes:
    """A field with a whole number; negative ones have 64 bits."""
    return _varint(number << 3) + _varint(value)


def double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value)


def sized(number: int, raw: bytes) -> bytes:
    """A field with a message, or with bytes."""
    return b"%b%b%b" % (_varint(number << 3 | 2), _varint(len(raw)), raw)


def text(number: int, value: str) -> bytes:
    return sized(number, value.encode())


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
