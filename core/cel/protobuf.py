"""Just enough of protobuf's wire format to walk an expression as the library serializes it."""

from __future__ import annotations

from collections.abc import Iterator


def fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Numbers and values of the fields of a message, in order. Numbers of a fixed width are passed over."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, at = _varint(message, at)
            yield number, value
        elif wire_type == 2:
            length, at = _varint(message, at)
            yield number, message[at : at + length]
            at += length
        else:
            at += 8 if wire_type == 1 else 4


def every(message: bytes, wanted: int) -> list[bytes]:
    """All messages or texts that a field has."""
    return [value for number, value in fields(message) if number == wanted and isinstance(value, bytes)]


def first(message: bytes, wanted: int) -> bytes | None:
    return next(iter(every(message, wanted)), None)


def text(message: bytes, wanted: int) -> str:
    return (first(message, wanted) or b"").decode()


def number(message: bytes, wanted: int) -> int:
    return next((value for field, value in fields(message) if field == wanted and isinstance(value, int)), 0)


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
