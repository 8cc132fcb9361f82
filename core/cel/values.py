"""JSON values as expressions see them: times are times, names that are no identifiers are escaped.

Most values pass as they are: whether anything below a type needs a change is found out once for the type.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sampan.core.cel.durations import parse_duration
from sampan.core.cel.names import escape
from sampan.core.cel.scalars import scalar_word
from sampan.core.schema.types import List, Map, Scalar, Struct, Type

Convert = Callable[[Any], Any]


def converter(kind: Type, _below: dict[int, Convert | None] | None = None) -> Convert | None:
    """What makes a value of ``kind`` one for expressions; ``None`` where it may stay as it is."""
    below = {} if _below is None else _below
    match kind:
        case Scalar():
            return _SCALARS.get(scalar_word(kind))
        case List(item=item):
            inner = converter(item, below)
            return None if inner is None else partial(_listed, inner)
        case Map(value=value_type):
            inner = converter(value_type, below)
            return None if inner is None else partial(_mapped, inner)
        case Struct():
            return _struct(kind, below)


def _struct(struct: Struct, below: dict[int, Convert | None]) -> Convert | None:
    if id(struct) in below:
        return below[id(struct)]
    changes: dict[str, tuple[str | None, Convert | None]] = {}

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        result = {}
        for name, item in value.items():
            escaped, inner = changes.get(name, (name, None))
            if escaped is not None:
                result[escaped] = item if inner is None or item is None else inner(item)
        return result

    below[id(struct)] = convert  # a struct that contains itself
    for field in struct.fields.values():
        inner, escaped = converter(field.type, below), escape(field.name)
        if escaped != field.name or (inner is not None and inner is not convert):
            changes[field.name] = (escaped, inner)
    if not changes:
        below[id(struct)] = None
        return None
    return convert


def _listed(inner: Convert, value: Any) -> Any:
    return [inner(item) for item in value] if isinstance(value, list) else value


def _mapped(inner: Convert, value: Any) -> Any:
    return {name: inner(item) for name, item in value.items()} if isinstance(value, dict) else value


def _time(value: Any) -> Any:
    try:
        return _timestamp(datetime.fromisoformat(value)) if isinstance(value, str) else value
    except ValueError:
        return value


def _timestamp(when: datetime) -> Any:
    """The library takes Python's own times as variables, but not within a value."""
    from google.protobuf.timestamp_pb2 import Timestamp

    message = Timestamp()
    message.FromDatetime(when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None))
    return message


def _duration(value: Any) -> Any:
    parsed = parse_duration(value) if isinstance(value, str) else None
    return value if parsed is None else _length(parsed)


def _length(nanoseconds: int) -> Any:
    from google.protobuf.duration_pb2 import Duration

    message = Duration()
    message.FromNanoseconds(nanoseconds)
    return message


def part(value: Any) -> Any:
    """What an expression has given, as a part of a value for others."""
    match value:
        case datetime():
            return _timestamp(value)
        case timedelta():
            return _length(value // timedelta(microseconds=1) * 1000)
        case list():
            return [part(item) for item in value]
        case dict():
            return {name: part(item) for name, item in value.items()}
        case _:
            return value


def _bytes(value: Any) -> Any:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else value
    except binascii.Error:
        return value


def _number(value: Any) -> Any:
    """JSON writes ``3.0`` as ``3``; an expression multiplies it by ``0.5``."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


_SCALARS: dict[str, Convert] = {"time": _time, "duration": _duration, "bytes": _bytes, "number": _number}
