"""What the messages in which the library serializes an expression have in a field."""

from __future__ import annotations

from sampan.core.protobuf import values


def every(message: bytes, wanted: int) -> list[bytes]:
    """All messages or texts that a field has."""
    return [value for number, value in values(message) if number == wanted and isinstance(value, bytes)]


def first(message: bytes, wanted: int) -> bytes | None:
    return next(iter(every(message, wanted)), None)


def text(message: bytes, wanted: int) -> str:
    return (first(message, wanted) or b"").decode()


def number(message: bytes, wanted: int) -> int:
    return next((value for field, value in values(message) if field == wanted and isinstance(value, int)), 0)
