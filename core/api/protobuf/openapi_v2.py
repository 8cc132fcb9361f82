"""The OpenAPI v2 document in the protobuf form that kubectl asks for: gnostic's ``openapi.v2.Document``.

kubectl reads it to check manifests: before 1.29 always, and later ones for lists and for kinds that it does not find in
v3. What it reads are the definitions, with their extensions; so these are what is written, with the document's head.
Numbers are those of gnostic's OpenAPIv2.proto. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from sampan.core.protobuf import double, integer, sized, text

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
        text(1, document.get("swagger", "2.0"))
        + sized(2, text(1, info.get("title", "")) + text(2, info.get("version", "")))
        + sized(9, _named_schemas(document.get("definitions", {})))
    )


def _schema(schema: Mapping[str, Json]) -> bytes:
    parts = [write(number, schema[name]) for name, (number, write) in _SCHEMA.items() if name in schema]
    parts += [_extension(name, value) for name, value in schema.items() if name.startswith("x-")]
    return b"".join(parts)


def _named_schemas(schemas: Mapping[str, Json]) -> bytes:
    """``NamedSchema`` after ``NamedSchema``."""
    return b"".join(sized(1, text(1, name) + sized(2, _schema(value))) for name, value in schemas.items())


def _extension(name: str, value: Json) -> bytes:
    """A ``NamedAny`` whose value is YAML; JSON is that too."""
    return sized(31, text(1, name) + sized(2, _any(value)))


def _any(value: Json) -> bytes:
    return text(2, orjson.dumps(value).decode() + "\n")


def _additional_properties(number: int, value: Json) -> bytes:
    inner = integer(2, int(value)) if isinstance(value, bool) else sized(1, _schema(value))
    return sized(number, inner)


def _types(number: int, value: str | Sequence[str]) -> bytes:
    return sized(number, _texts(1, [value] if isinstance(value, str) else value))


def _items(number: int, value: Json) -> bytes:
    return sized(number, sized(1, _schema(value)))


def _texts(number: int, values: Sequence[str]) -> bytes:
    return b"".join(text(number, value) for value in values)


_SCHEMA: Final[Mapping[str, tuple[int, Writer]]] = {
    "$ref": (1, text),
    "format": (2, text),
    "title": (3, text),
    "description": (4, text),
    "default": (5, lambda number, value: sized(number, _any(value))),
    "maximum": (7, double),
    "minimum": (9, double),
    "maxLength": (11, integer),
    "minLength": (12, integer),
    "pattern": (13, text),
    "maxItems": (14, integer),
    "minItems": (15, integer),
    "required": (19, _texts),
    "enum": (20, lambda number, values: b"".join(sized(number, _any(value)) for value in values)),
    "additionalProperties": (21, _additional_properties),
    "type": (22, _types),
    "items": (23, _items),
    "allOf": (24, lambda number, values: b"".join(sized(number, _schema(value)) for value in values)),
    "properties": (25, lambda number, value: sized(number, _named_schemas(value))),
}
