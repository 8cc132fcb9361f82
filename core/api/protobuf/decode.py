"""A protobuf request body as the JSON value that the same client would have sent as JSON.

The types come from the schema, the numbers from the table; what comes out goes through the ordinary decoding. A number that
the table does not know is refused rather than dropped. Pure; called by the HTTP layer for bodies of built-in kinds.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from sampan.core.api.protobuf.numbers import Message, message_of, messages
from sampan.core.errors import BadRequest, UnsupportedMediaType
from sampan.core.protobuf import Value, broken, signed, values
from sampan.core.schema.scalars import format_micro_time, format_time
from sampan.core.schema.types import List, Map, Scalar, Struct, Type

MAGIC: Final = b"k8s\x00"
SCHEMA: Final = "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_json(struct: Struct, raw: bytes) -> bytes:
    """The JSON of a body. Raises `BadRequest`, and `UnsupportedMediaType` for a kind without a protobuf form."""
    if message_of(struct.definition) is None:
        raise UnsupportedMediaType(f"{struct.definition} has no protobuf form: send JSON or YAML")
    if not raw.startswith(MAGIC):
        raise BadRequest("the protobuf body does not begin as Kubernetes' envelope does")
    head: dict[str, Any] = {}
    inner = b""
    for number, value in values(raw[len(MAGIC) :]):
        if number == 1:
            head = {{1: "apiVersion", 2: "kind"}.get(n, ""): _text(v) for n, v in values(_bytes(value))}
        elif number == 2:
            inner = _bytes(value)
    head.pop("", None)
    try:
        return orjson.dumps({key: text for key, text in head.items() if text} | _struct(struct, inner))
    except RecursionError:
        raise BadRequest("the protobuf body exceeds the depth that is read") from None


def _struct(struct: Struct, raw: bytes, message: Message | None = None) -> dict[str, Any]:
    """A message as an object. ``message`` is given for one that JSON shows inline in ``struct``."""
    message = message or message_of(struct.definition)
    if message is None:
        raise UnsupportedMediaType(f"{struct.definition} has no protobuf form: send JSON or YAML")
    out: dict[str, Any] = {}
    for number, value in values(raw):
        member = message.get(number)
        if member is None:
            said = f"field number {number} of {struct.definition} is not known to this server: send JSON instead"
            raise BadRequest(said)
        if member.inline:
            out |= _struct(struct, _bytes(value), messages()[member.inline])
        elif field := struct.fields.get(member.name):
            _put(out, member.name, field.type, value)
        else:
            out[member.name] = None  # ordinary decoding names what the kind does not have
    return out


def _put(out: dict[str, Any], name: str, kind: Type, value: Value) -> None:
    if isinstance(kind, List):
        out.setdefault(name, []).append(_value(kind.item, value))
    elif isinstance(kind, Map):
        key, item = _entry(kind, _bytes(value))
        out.setdefault(name, {})[key] = item
    else:
        out[name] = _value(kind, value)


def _entry(kind: Map, raw: bytes) -> tuple[str, Any]:
    key, item = "", _value(kind.value, b"") if _is_text(kind.value) else None
    for number, value in values(raw):
        if number == 1:
            key = _text(value)
        elif number == 2:
            item = _value(kind.value, value)
    return key, item


def _is_text(kind: Type) -> bool:
    return isinstance(kind, Scalar) and kind.kind in ("string", "bytes")


def _value(kind: Type, value: Value) -> Any:
    if isinstance(kind, Struct):
        return _either(kind, _bytes(value)) if kind.or_else else _struct(kind, _bytes(value))
    if isinstance(kind, List):  # in a map: a message of nothing but the items
        return [_value(kind.item, item) for number, item in values(_bytes(value)) if number == 1]
    if isinstance(kind, Map):
        raise broken()  # Kubernetes has no map in a list or map
    return _SCALARS[kind.kind](value)


def _either(kind: Struct, raw: bytes) -> Any:
    """A schema, or what may stand in its place: true or false, a list of schemas, a list of names."""
    members = message_of(kind.definition) or {}
    whole: dict[str, Any] | None = None
    flag, listed = False, list[Any]()
    for number, value in values(raw):
        match members[number].name if number in members else "":
            case "schema":
                whole = _struct(kind, _bytes(value), messages()[SCHEMA])
            case "allows":
                flag = bool(_integer(value))
            case "jSONSchemas":
                listed.append(_struct(kind, _bytes(value), messages()[SCHEMA]))
            case "property":
                listed.append(_text(value))
            case _:
                raise broken()
    if whole is not None:
        return whole
    return listed if list in kind.or_else else flag


def _bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise broken()
    return value


def _text(value: Value) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        raise broken() from None


def _integer(value: Value) -> int:
    if not isinstance(value, int):
        raise broken()
    return signed(value)


def _moment(value: Value) -> datetime | None:
    """A ``Timestamp``; an empty one is no time."""
    parts = {number: _integer(part) for number, part in values(_bytes(value))}
    if not parts:
        return None
    try:
        return EPOCH + timedelta(seconds=parts.get(1, 0), microseconds=parts.get(2, 0) // 1000)
    except OverflowError:
        raise broken() from None


def _time(value: Value) -> str | None:
    moment = _moment(value)
    return None if moment is None else format_time(moment)


def _micro_time(value: Value) -> str | None:
    moment = _moment(value)
    return None if moment is None else format_micro_time(moment)


def _quantity(value: Value) -> str:
    return next((_text(text) for number, text in values(_bytes(value)) if number == 1), "0")


def _int_or_string(value: Value) -> int | str:
    parts = dict(values(_bytes(value)))
    return _text(parts.get(3, b"")) if parts.get(1) == 1 else _integer(parts.get(2, 0))


def _any(value: Value) -> Any:
    """JSON inside of a message (``FieldsV1``, ``RawExtension``)."""
    raw = next((_bytes(part) for number, part in values(_bytes(value)) if number == 1), b"")
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        raise broken() from None


def _number(value: Value) -> float:
    if isinstance(value, bytes):
        raise broken()
    return value


_SCALARS: Final[Mapping[str, Callable[[Value], Any]]] = {
    "string": _text,
    "bytes": lambda value: base64.b64encode(_bytes(value)).decode(),
    "integer": _integer,
    "number": _number,
    "boolean": lambda value: bool(_integer(value)),
    "time": _time,
    "micro-time": _micro_time,
    "quantity": _quantity,
    "int-or-string": _int_or_string,
    "any": _any,
}
