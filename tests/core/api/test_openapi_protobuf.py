"""The OpenAPI v2 document as protobuf, read back number by number."""

from __future__ import annotations

from typing import Any

from sampan.core.api.protobuf.openapi_v2 import encode_openapi_v2
from sampan.core.protobuf import Value, values

DOCUMENT = {
    "swagger": "2.0",
    "info": {"title": "Kubernetes", "version": "v1.36.0"},
    "paths": {},
    "definitions": {
        "v1.Boat": {
            "type": "object",
            "required": ["length"],
            "properties": {
                "length": {"type": "integer", "format": "int32", "maximum": 400, "default": 7},
                "crew": {"type": "array", "items": {"$ref": "#/definitions/v1.Sailor"}},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "rig": {"type": "string", "enum": ["junk", "lug"]},
            },
            "x-kubernetes-group-version-kind": [{"group": "", "kind": "Boat", "version": "v1"}],
        }
    },
}


def parts(raw: Value) -> dict[int, list[Any]]:
    """A message's values by their numbers."""
    assert isinstance(raw, bytes)
    found: dict[int, list[Any]] = {}
    for number, value in values(raw):
        found.setdefault(number, []).append(value)
    return found


def named(raw: Value) -> dict[str, dict[int, list[Any]]]:
    """The schemas of a ``Definitions`` or ``Properties`` message by their names."""
    entries = [parts(entry) for entry in parts(raw)[1]]
    return {entry[1][0].decode(): parts(entry[2][0]) for entry in entries}


def test_the_documents_head() -> None:
    document = parts(encode_openapi_v2(DOCUMENT))
    assert document[1] == [b"2.0"]
    assert parts(document[2][0]) == {1: [b"Kubernetes"], 2: [b"v1.36.0"]}


def test_a_definition_with_its_properties_and_extensions() -> None:
    (boat,) = named(parts(encode_openapi_v2(DOCUMENT))[9][0]).values()
    assert boat[19] == [b"length"]
    assert parts(boat[22][0]) == {1: [b"object"]}
    extension = parts(boat[31][0])
    assert extension[1] == [b"x-kubernetes-group-version-kind"]
    assert parts(extension[2][0])[2] == [b'[{"group":"","kind":"Boat","version":"v1"}]\n']
    properties = named(boat[25][0])
    assert properties["length"][2] == [b"int32"]
    assert properties["length"][7] == [400.0]
    assert parts(properties["length"][5][0]) == {2: [b"7\n"]}
    item = parts(parts(properties["crew"][23][0])[1][0])
    assert item[1] == [b"#/definitions/v1.Sailor"]
    assert parts(parts(parts(properties["labels"][21][0])[1][0])[22][0]) == {1: [b"string"]}
    assert [parts(value)[2] for value in properties["rig"][20]] == [[b'"junk"\n'], [b'"lug"\n']]


def test_long_names_get_long_lengths() -> None:
    long = {"definitions": {"x" * 300: {"description": "y" * 20_000}}}
    (name,) = named(parts(encode_openapi_v2(long))[9][0])
    assert name == "x" * 300
