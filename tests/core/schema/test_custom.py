"""A custom resource goes through the very same code as a Pod: decode, default, validate, prune, patch, encode, Table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from sampan.core.errors import BadRequest
from sampan.core.model.builtin import Pod
from sampan.core.model.kinds import KindInfo
from sampan.core.schema.custom import columns_of, custom_resource
from sampan.core.schema.decode import decode_body
from sampan.core.schema.default import apply_defaults
from sampan.core.schema.encode import encode, splice_resource_version
from sampan.core.schema.patch import MERGE_PATCH, patch_object
from sampan.core.schema.prune import prune
from sampan.core.schema.resource import Resource, resource_of
from sampan.core.schema.table import table
from sampan.core.schema.validate import validate

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 10},
                "colour": {"type": "string", "enum": ["red", "green"], "default": "red"},
                "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
                "opts": {"type": "object", "additionalProperties": {"type": "string"}},
                "port": {"x-kubernetes-int-or-string": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "nested": {"type": "object", "default": {}, "properties": {"depth": {"type": "integer", "default": 7}}},
                "note": {"type": "string", "nullable": True},
                "template": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "x-kubernetes-preserve-unknown-fields": True,
                },
            },
        }
    },
}
GEAR = KindInfo(
    group="example.com", version="v1", kind="Gear", plural="gears", singular="gear", list_kind="GearList",
    columns=columns_of([{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]),
)  # fmt: skip
GEARS, PODS = custom_resource(GEAR, SCHEMA), resource_of(Pod)

GEAR_BODY = {
    "apiVersion": "example.com/v1",
    "kind": "Gear",
    "metadata": {"name": "a", "labels": {"x": "y"}, "odd": 1},
    "spec": {"size": 3, "unknown": "x", "port": "http", "free": {"any": [1, {"thing": True}]}, "opts": {"k": "v"}},
    "extra": 1,
}
POD_BODY = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "a"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
    "extra": 1,
}


@pytest.mark.parametrize(("resource", "body"), [(PODS, POD_BODY), (GEARS, GEAR_BODY)], ids=["Pod", "Gear"])
def test_the_life_of_an_object(resource: Resource, body: dict[str, Any]) -> None:
    """Given any kind, when one is created, patched, stored and listed, then the steps are the same."""
    created = decode_body(resource, orjson.dumps(body))
    assert 'unknown field "extra"' in created.problems
    apply_defaults(resource.struct, created.value)
    resource.rules.default(created.value)
    assert validate(resource.struct, created.value) == []
    patched = patch_object(resource, created.value, MERGE_PATCH, b'{"metadata":{"labels":{"new":"label"}},"odd":1}')
    assert patched.problems == ('unknown field "odd"',)
    assert prune(resource.struct, patched.value) == []
    raw = splice_resource_version(encode(resource.struct, patched.value), 7)
    stored = orjson.loads(raw)
    assert stored["metadata"]["labels"]["new"] == "label"
    assert list(stored) == ["kind", "apiVersion", "metadata", *[key for key in ("spec", "status") if key in stored]]
    rows = table(resource, [stored], datetime(2024, 1, 1, tzinfo=UTC))["rows"]
    assert rows[0]["cells"][0] == "a"
    assert rows[0]["object"]["metadata"]["resourceVersion"] == "7"


def gear(**spec: Any) -> Any:
    body = {"kind": "Gear", "metadata": {"name": "a"}, "spec": spec}
    decoded = decode_body(GEARS, orjson.dumps(body))
    apply_defaults(GEARS.struct, decoded.value)
    return decoded


def test_a_gear_gets_defaults_and_loses_what_is_unknown() -> None:
    decoded = decode_body(GEARS, orjson.dumps(GEAR_BODY))
    apply_defaults(GEARS.struct, decoded.value)
    assert decoded.problems == ('unknown field "metadata.odd"', 'unknown field "extra"', 'unknown field "spec.unknown"')
    assert decoded.value["spec"] == {
        "size": 3,
        "port": "http",
        "free": {"any": [1, {"thing": True}]},
        "opts": {"k": "v"},
        "colour": "red",
        "nested": {"depth": 7},
    }


def test_values_are_kept_as_written() -> None:
    spec = gear(size=0, tags=[], opts={}, note="", free={"empty": None}).value["spec"]
    assert spec["size"] == 0
    assert (spec["tags"], spec["opts"], spec["note"]) == ([], {}, "")
    assert spec["free"] == {"empty": None}


def test_null_stays_where_it_may() -> None:
    spec = gear(size=1, note=None, colour=None, tags=None, opts={"k": None}).value["spec"]
    assert spec == {"size": 1, "note": None, "colour": "red", "opts": {}, "nested": {"depth": 7}}


@pytest.mark.parametrize(
    ("spec", "causes"),
    [
        ({}, [("spec.size", "FieldValueRequired")]),
        ({"size": 11}, [("spec.size", "FieldValueInvalid")]),
        ({"size": "3"}, [("spec.size", "FieldValueTypeInvalid")]),
        ({"size": 1, "colour": "blue"}, [("spec.colour", "FieldValueNotSupported")]),
        ({"size": 1, "tags": ["a", "b", "c"]}, [("spec.tags", "FieldValueTooMany")]),
        ({"size": 1, "tags": [1]}, [("spec.tags[0]", "FieldValueTypeInvalid")]),
        ({"size": 1, "opts": {"k": []}}, [("spec.opts.k", "FieldValueTypeInvalid")]),
        ({"size": 1, "nested": "x"}, [("spec.nested", "FieldValueTypeInvalid")]),
        ({"size": 0, "tags": {}}, [("spec.size", "FieldValueInvalid"), ("spec.tags", "FieldValueTypeInvalid")]),
    ],
)
def test_wrong_values_are_causes(spec: dict[str, Any], causes: list[tuple[str, str]]) -> None:
    found = validate(GEARS.struct, gear(**spec).value)
    assert [(cause.field, cause.reason) for cause in found] == causes


def test_a_gear_without_a_spec() -> None:
    value = decode_body(GEARS, b'{"kind":"Gear","metadata":{"name":"a"}}').value
    assert [(cause.field, cause.reason) for cause in validate(GEARS.struct, value)] == [("spec", "FieldValueRequired")]


def test_metadata_is_as_strict_as_a_pods() -> None:
    with pytest.raises(BadRequest, match=r"into Go struct field ObjectMeta\.metadata\.name of type string$"):
        decode_body(GEARS, b'{"kind":"Gear","metadata":{"name":7}}')


def test_a_gear_must_say_its_kind() -> None:
    with pytest.raises(BadRequest, match="Object 'Kind' is missing"):
        decode_body(GEARS, b'{"metadata":{"name":"a"}}')


def test_an_embedded_object_has_metadata_of_its_own() -> None:
    template = {"kind": "X", "apiVersion": "v1", "metadata": {"name": "a", "odd": 1}, "spec": {"free": 1}}
    decoded = gear(size=1, template=template)
    assert decoded.value["spec"]["template"] == {**template, "metadata": {"name": "a"}}
    assert decoded.problems == ('unknown field "spec.template.metadata.odd"',)
