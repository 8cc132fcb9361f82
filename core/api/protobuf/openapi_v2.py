"""The OpenAPI v2 document in the protobuf form that kubectl asks for: gnostic's ``openapi.v2.Document``.

kubectl reads it to check manifests: before 1.29 always, and later ones for lists and for kinds that it does not find in
v3. What it reads are the definitions, with their extensions; so these are what is written, with the document's head.
Numbers are those of gnostic's OpenAPIv2.proto. Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

MEDIA_TYPE: Final = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""What clients ask for."""
CONTENT_TYPE: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""What is answered: Go's parser of media types takes no ``@``."""

Json = Any
Writer = Callable[[int, Json], bytes]


def encode_openapi_v2(document: Mapping[str, Json]) -> bytes:
    """The bytes of a v2 document that is given as JSON."""
    info = document.get("info", {})
    return (
        _text(1, document.get("swagger", "2.0"))
        + _message(2, _text(1, info.get("title", "")) + _text(2, info.get("version", "")))
        + _message(9, _named_schemas(document.get("definitions", {})))
    )


def _schema(schema: Mapping[str, Json]) -> bytes:
    parts = [write(number, schema[name]) for name, (number, write) in _SCHEMA.items() if name in schema]
    parts += [_extension(name, value) for name, value in schema.items() if name.startswith("x-")]
    return b"".join(parts)


def _named_schemas(schemas: Mapping[str, Json]) -> bytes:
    """``NamedSchema`` after ``NamedSchema``."""
    return b"".join(_message(1, _text(1, name) + _message(2, _schema(value))) for name, value in schemas.items())


def _extension(name: str, value: Json) -> bytes:
    """A ``NamedAny`` whose value is YAML; JSON is that too."""
    return _message(31, _text(1, name) + _message(2, _any(value)))


def _any(value: Json) -> bytes:
    return _text(2, orjson.dumps(value).decode() + "\n")


def _additional_properties(number: int, value: Json) -> bytes:
    inner = _number(2, int(value)) if isinstance(value, bool) else _message(1, _schema(value))
    return _message(number, inner)


def _types(number: int, value: str | Sequence[str]) -> bytes:
    return _message(number, _texts(1, [value] if isinstance(value, str) else value))


def _items(number: int, value: Json) -> bytes:
    return _message(number, _message(1, _schema(value)))


def _texts(number: int, values: Sequence[str]) -> bytes:
    return b"".join(_text(number, value) for value in values)


def _text(number: int, value: str) -> bytes:
    return _message(number, value.encode())


def _message(number: int, inner: bytes) -> bytes:
    return b"".join(_varint(number << 3 | 2)) + b"".join(_varint(len(inner))) + inner


def _number(number: int, value: int) -> bytes:
    return b"".join(_varint(number << 3)) + b"".join(_varint(value))


def _double(number: int, value: float) -> bytes:
    return b"".join(_varint(number << 3 | 1)) + struct.pack("<d", value)


def _varint(value: int) -> Iterator[bytes]:
    while value > 0x7F:
        yield bytes((value & 0x7F | 0x80,))
        value >>= 7
    yield bytes((value,))


_SCHEMA: Final[Mapping[str, tuple[int, Writer]]] = {
    "$ref": (1, _text),
    "format": (2, _text),
    "title": (3, _text),
    "description": (4, _text),
    "default": (5, lambda number, value: _message(number, _any(value))),
    "maximum": (7, _double),
    "minimum": (9, _double),
    "maxLength": (11, _number),
    "minLength": (12, _number),
    "pattern": (13, _text),
    "maxItems": (14, _number),
    "minItems": (15, _number),
    "required": (19, _texts),
    "enum": (20, lambda number, values: b"".join(_message(number, _any(value)) for value in values)),
    "additionalProperties": (21, _additional_properties),
    "type": (22, _types),
    "items": (23, _items),
    "allOf": (24, lambda number, values: b"".join(_message(number, _schema(value)) for value in values)),
    "properties": (25, lambda number, value: _message(number, _named_schemas(value))),
}
