"""The formats of texts and numbers that a custom resource's schema may name. Others are not checked, and told of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sampan.core.model.rules.apiextensions_v1.structural import Schema, below_of

TEXTS: Final = frozenset(
    [
        "bsonobjectid",
        "uri",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "cidr",
        "mac",
        "uuid",
        "uuid3",
        "uuid4",
        "uuid5",
        "isbn",
        "isbn10",
        "isbn13",
        "creditcard",
        "ssn",
        "hexcolor",
        "rgbcolor",
        "byte",
        "password",
        "date",
        "duration",
        "datetime",
        "k8sshortname",
        "k8slongname",
    ]
)
"""Written with or without dashes."""
NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {"integer": ("int32", "int64"), "number": ("float", "double")}


def unrecognized(spec: Mapping[str, Any]) -> dict[str, None]:
    """The formats in a definition's schemas that nobody knows, in their order."""
    schemas = ((version.get("schema") or {}).get("openAPIV3Schema") for version in spec.get("versions") or ())
    return dict.fromkeys(found for schema in schemas if schema is not None for found in _within(schema))


def warnings_of(formats: Iterable[str]) -> Iterator[str]:
    for found in formats:
        yield f'unrecognized format "{found}"'


def _within(schema: Schema) -> Iterator[str]:
    if (form := schema.get("format") or "") and not is_known(schema.get("type") or "", form):
        yield form
    for below in below_of(schema):
        yield from _within(below)


def is_known(kind: str, form: str) -> bool:
    """Whether a format is one for values of a type."""
    return form.replace("-", "") in TEXTS if kind in ("", "string") else form in NUMBERS.get(kind, ())
