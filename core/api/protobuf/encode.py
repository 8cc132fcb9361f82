"""Wire values in Kubernetes' protobuf, for clients that take nothing else.

The types come from the schema, the numbers from the table. What has its zero value is left out: to who reads it that is the
same. Pure; the counterpart of `sampan.core.api.protobuf.decode`.
"""

from __future__ import annotations

import base64
import struct as binary
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import orjson

from sampan.core.api.protobuf.decode import EPOCH, MAGIC, SCHEMA
from sampan.core.api.protobuf.numbers import PREFIX, Message, message_of, messages
from sampan.core.model.kinds import info
from sampan.core.model.meta_v1.status import ListMeta, Status
from sampan.core.protobuf import double, integer, sized, text
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.types import List, Map, Scalar, Struct, Type

Wire = Mapping[str, Any]

LIST_META, LIST_ITEMS = 1, 2
"""The numbers that all lists have."""


class NoProtobuf(Exception):
    """A kind without a protobuf form."""


def encode_object(value: Wire) -> bytes:
    """An object, a list, a ``Status`` or metadata alone in Kubernetes' envelope. Raises `NoProtobuf`."""
    kind, api_version = value.get("kind", ""), value.get("apiVersion", "")
    inner = _list(value, kind, api_version) if "items" in value else _message(_struct_named(kind, api_version), value)
    head = text(1, api_version) + text(2, kind)
    return b"%b%b%b" % (MAGIC, sized(1, head), sized(2, inner))


def encode_event(kind: str, value: Wire) -> bytes:
    """A watch event behind its length, as Kubernetes frames a stream of them."""
    event = text(1, kind) + sized(2, sized(1, encode_object(value)))
    return binary.pack(">I", len(event)) + event


def has_form(struct: Struct) -> bool:
    """Whether Kubernetes writes objects of this type in protobuf."""
    return message_of(struct.definition) is not None


def _list(value: Wire, kind: str, api_version: str) -> bytes:
    of = _struct_named(kind.removesuffix("List"), api_version)
    parts = [sized(LIST_META, _message(struct_of(ListMeta), value.get("metadata", {})))]
    parts += [sized(LIST_ITEMS, _message(of, item)) for item in value["items"] or ()]
    return b"".join(parts)


def _struct_named(kind: str, api_version: str) -> Struct:
    if kind == "Status":
        return struct_of(Status)
    if kind == "PartialObjectMetadata":
        return _metadata_alone()
    found = _built_in().get((api_version, kind))
    if found is None:
        raise NoProtobuf
    return struct_of(found)


@cache
def _built_in() -> Mapping[tuple[str, str], type]:
    from sampan.core.model.builtin import BUILTIN_KINDS

    return {(info(cls).api_version, info(cls).kind): cls for cls in BUILTIN_KINDS}


@cache
def _metadata_alone() -> Struct:
    whole = struct_of(next(iter(_built_in().values())))
    definition = f"{PREFIX}apimachinery.pkg.apis.meta.v1.PartialObjectMetadata"
    return Struct(definition=definition, make_fields=lambda: {"metadata": whole.fields["metadata"]})


def _message(struct: Struct, value: Wire, message: Message | None = None) -> bytes:
    """An object as a message. ``message`` is given for one that JSON shows inline in ``struct``."""
    message = message or message_of(struct.definition)
    if message is None:
        raise NoProtobuf
    parts: list[bytes] = []
    for number, member in sorted(message.items()):
        if member.inline:
            parts.append(sized(number, _message(struct, value, messages()[member.inline])))
            continue
        item, field = value.get(member.name), struct.fields.get(member.name)
        if item is not None and field is not None:
            parts.append(_field(number, field.type, item))
    return b"".join(parts)


def _field(number: int, kind: Type, value: Any) -> bytes:
    if isinstance(kind, List):
        return b"".join(_value(number, kind.item, item) for item in value)
    if isinstance(kind, Map):
        return b"".join(_entry(number, kind, key, item) for key, item in value.items())
    return _value(number, kind, value)


def _entry(number: int, kind: Map, key: str, item: Any) -> bytes:
    if isinstance(kind.value, List):  # a message of nothing but the items
        inner = sized(2, b"".join(_value(1, kind.value.item, each) for each in item or ()))
    else:
        inner = b"" if item is None else _value(2, kind.value, item)
    return sized(number, text(1, key) + inner)


def _value(number: int, kind: Type, value: Any) -> bytes:
    if isinstance(kind, Struct):
        return sized(number, _either(kind, value) if kind.or_else else _message(kind, value))
    if not isinstance(kind, Scalar):
        raise NoProtobuf  # Kubernetes has no list or map in a list
    return _SCALARS[kind.kind](number, value)


def _either(kind: Struct, value: Any) -> bytes:
    """A schema, or what stands in its place: true or false, a list of schemas, a list of names."""
    numbers = {member.name: number for number, member in (message_of(kind.definition) or {}).items()}
    schema = messages()[SCHEMA]
    if isinstance(value, bool):
        return integer(numbers["allows"], int(value))
    if isinstance(value, list):
        if "property" in numbers:
            return b"".join(text(numbers["property"], each) for each in value)
        return b"".join(sized(numbers["jSONSchemas"], _message(kind, each, schema)) for each in value)
    allowed = integer(numbers["allows"], 1) if "allows" in numbers else b""
    return allowed + sized(numbers["schema"], _message(kind, value, schema))


def _time(number: int, value: str) -> bytes:
    moment = datetime.fromisoformat(value).astimezone(UTC) - EPOCH
    seconds = moment.days * 86400 + moment.seconds
    nanos = integer(2, moment.microseconds * 1000) if moment.microseconds else b""
    return sized(number, integer(1, seconds) + nanos)


def _int_or_string(number: int, value: int | str) -> bytes:
    return sized(number, integer(2, value) if isinstance(value, int) else integer(1, 1) + text(3, value))


_SCALARS: Final[Mapping[str, Callable[[int, Any], bytes]]] = {
    "string": text,
    "bytes": lambda number, value: sized(number, base64.b64decode(value)),
    "integer": integer,
    "number": double,
    "boolean": lambda number, value: integer(number, int(value)),
    "time": _time,
    "micro-time": _time,
    "quantity": lambda number, value: sized(number, text(1, str(value))),
    "int-or-string": _int_or_string,
    "any": lambda number, value: sized(number, sized(1, orjson.dumps(value))),
}
