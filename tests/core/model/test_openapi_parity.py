"""The model classes say of every field what Kubernetes' own OpenAPI document says, where that document is at hand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sampan.core.model.builtin import BUILTIN_KINDS, SUBRESOURCE_KINDS
from sampan.core.model.meta_v1.status import DeleteOptions, ListMeta, Status
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.types import Field, Limits, List, Map, Scalar, Struct, Type

DEFINITIONS = Path(__file__).parents[4] / "shared" / "openapi" / "definitions.json"
ROOTS = (*BUILTIN_KINDS, *SUBRESOURCE_KINDS, Status, DeleteOptions, ListMeta)
TYPE_META = {"kind", "apiVersion"}

BODIES_WITHOUT_TYPE_META = {"Status", "DeleteOptions"}
"""Not kinds here: the API server writes and reads their kind and apiVersion itself."""

REFERENCES = {
    "time": "meta.v1.Time",
    "micro-time": "meta.v1.MicroTime",
    "quantity": "api.resource.Quantity",
    "int-or-string": "intstr.IntOrString",
    "any": "meta.v1.FieldsV1",
}

RAW_EXTENSION = "io.k8s.apimachinery.pkg.runtime.RawExtension"

pytestmark = pytest.mark.skipif(
    not DEFINITIONS.exists() and os.environ.get("CI") != "true",  # CI has them, or fails
    reason="Kubernetes' OpenAPI definitions are not at hand",
)


@cache
def definitions() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DEFINITIONS.read_text())["definitions"]
    return loaded


def structs() -> Iterator[Struct]:
    """Every struct within reach of the roots, once."""
    seen: set[str] = set()
    waiting = [struct_of(root) for root in ROOTS]
    while waiting:
        struct = waiting.pop()
        if struct.definition in seen:
            continue
        seen.add(struct.definition)
        yield struct
        waiting += [kind for field in struct.fields.values() if isinstance(kind := innermost(field.type), Struct)]


def innermost(kind: Type) -> Type:
    while isinstance(kind, List | Map):
        kind = kind.item if isinstance(kind, List) else kind.value
    return kind


def described(kind: Type) -> dict[str, Any]:
    """The type in the words of the OpenAPI document."""
    if isinstance(kind, Struct):
        return {"$ref": kind.definition}
    if isinstance(kind, List):
        return {"type": "array", "items": described(kind.item)}
    if isinstance(kind, Map):
        return {"type": "object", "additionalProperties": described(kind.value)}
    return _scalar(kind)


def _scalar(kind: Scalar) -> dict[str, Any]:
    if kind.limits.format == "raw-extension":
        return {"$ref": RAW_EXTENSION}
    if kind.definition:
        return {"$ref": kind.definition}
    if kind.kind in REFERENCES:
        return {"$ref": REFERENCES[kind.kind]}
    if kind.kind == "bytes":
        return {"type": "string", "format": "byte"}
    about: dict[str, Any] = {"type": kind.kind}
    if kind.limits.format:
        about["format"] = kind.limits.format
    if kind.limits.enum:
        about["enum"] = sorted(kind.limits.enum)
    return about


def expected(schema: dict[str, Any]) -> dict[str, Any]:
    """The document's type, without its extensions."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        return {"$ref": next((short for short in REFERENCES.values() if name.endswith(short)), name)}
    if schema.get("type") == "array":
        return {"type": "array", "items": expected(schema["items"])}
    if "additionalProperties" in schema:
        return {"type": "object", "additionalProperties": expected(schema["additionalProperties"])}
    about = {key: schema[key] for key in ("type", "format") if key in schema}
    return about | ({"enum": sorted(schema["enum"])} if "enum" in schema else {})


def extensions(field: Field) -> dict[str, Any]:
    """What the field says for strategic merge and server-side apply."""
    found: dict[str, Any] = {"patch-strategy": ",".join(field.patch_strategy)}
    if isinstance(field.type, List):
        found |= {
            "list-type": field.type.list_type,
            "list-map-keys": list(field.type.map_keys),
            "patch-merge-key": field.type.merge_key,
            "patch-strategy": ",".join(field.type.patch_strategy),
        }
    elif isinstance(field.type, Map):
        found["map-type"] = field.type.map_type if field.type.map_type != "granular" else None
    elif isinstance(field.type, Struct) and field.type.base:
        found["map-type"] = field.type.map_type
    return {key: value for key, value in found.items() if value not in (None, [], "")}


def expected_extensions(schema: dict[str, Any]) -> dict[str, Any]:
    words = ("list-type", "list-map-keys", "patch-merge-key", "patch-strategy", "map-type")
    found = {word: schema[f"x-kubernetes-{word}"] for word in words if f"x-kubernetes-{word}" in schema}
    if schema.get("type") == "array":
        found.setdefault("list-type", "atomic")
    else:
        found.pop("list-type", None)  # bytes are a list in Go alone
    if "$ref" not in schema and found.get("map-type") == "granular":
        del found["map-type"]  # what a map is anyway; on a reference it takes back that the type is atomic
    return found


@pytest.mark.parametrize("struct", tuple(structs()), ids=lambda struct: struct.definition.removeprefix("io.k8s."))
def test_a_struct_is_as_kubernetes_describes_it(struct: Struct) -> None:
    definition = definitions()[struct.definition]
    properties = definition.get("properties", {})
    if struct.or_else:  # an object or something else: the document says no more than that
        assert not properties
        return
    left_out = TYPE_META if struct.definition.rpartition(".")[2] in BODIES_WITHOUT_TYPE_META else set()

    assert set(struct.fields) == set(properties) - left_out
    assert {name for name, field in struct.fields.items() if field.always_there} == set(definition.get("required", []))
    assert struct.map_type == definition.get("x-kubernetes-map-type", "granular")
    types = {name: described(field.type) for name, field in struct.fields.items()}
    assert types == {name: expected(properties[name]) for name in types}
    merging = {name: extensions(field) for name, field in struct.fields.items()}
    assert merging == {name: expected_extensions(properties[name]) for name in merging}


def test_no_definition_is_forgotten() -> None:
    """All that the roots' definitions refer to is a class."""
    known = {struct.definition for struct in structs()}
    referred: set[str] = set()
    for name in known:
        text = json.dumps(definitions()[name])
        referred |= {part.partition('"')[0] for part in text.split("#/definitions/")[1:]}
    free = {
        kind.definition
        for struct in structs()
        for field in struct.fields.values()
        if isinstance(kind := innermost(field.type), Scalar)
    }
    scalars = {name for name in referred if name.endswith((*REFERENCES.values(), RAW_EXTENSION))} | free
    assert referred - known - scalars == set()
    assert len(known) > 400


def test_the_limits_of_the_model_are_those_of_the_document() -> None:
    """Number formats alone: names and the like are checked by rules, so that causes come in Kubernetes' order."""
    for struct in structs():
        for field in struct.fields.values():
            kind = innermost(field.type)
            if isinstance(kind, Scalar) and kind.limits != Limits():
                assert kind.limits.format in (None, "int32", "int64", "double", "fields-v1", "raw-extension")
