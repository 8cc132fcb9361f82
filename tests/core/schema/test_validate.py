"""Everything that is wrong with an object is said at once, in Kubernetes' words and order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from sampan.core.errors import Cause
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import Quantity, model, wire
from sampan.core.schema.custom import type_from
from sampan.core.schema.refusal import aggregate, invalid_object
from sampan.core.schema.resource import resource_of
from sampan.core.schema.types import Struct
from sampan.core.schema.validate import validate, validate_update


@model
class Cabin:
    name: str = wire(required=True, format="dns1123-label")
    beds: int = wire(required=True, minimum=1, maximum=4)
    price: Quantity | None = None


@model
class Sail:
    colour: str | None = wire(default=None, enum=("white", "red"))


@model
class Mast:
    height: int | None = wire(default=None, minimum=1)


@struct_rules(Mast)
def upright(value: Mapping[str, Any], path: str) -> Iterable[Cause]:
    if value["height"] < 1:
        yield Cause("FieldValueInvalid", "not a mast", f"{path}.height")


@model
class Keel:
    depth: int | None = wire(default=None, minimum=1)


@struct_rules(Keel, whole=True)
def shallow(value: Mapping[str, Any], path: str) -> Iterable[Cause]:
    yield Cause("FieldValueForbidden", "Forbidden: too deep", path)


@model
class BoatSpec:
    home: str | None = wire(default=None, immutable=True)
    flag: str | None = wire(default=None, pattern="^[A-Z]+$", max_length=3)
    crew: int | None = wire(default=None, minimum=0)
    cabins: tuple[Cabin, ...] = wire(required=True)
    sails: Mapping[str, Sail] = wire(default={})
    tender: BoatSpec | None = None
    mast: Mast | None = None
    keel: Keel | None = None


@kind("example.com/v1", plural="boats")
@model
class Boat(KubeObject):
    spec: BoatSpec | None = wire(default=None, emit="always")


BOAT = resource_of(Boat)
FINE = {"cabins": [{"name": "bow", "beds": 2}]}


def said(causes: Iterable[Cause]) -> list[str]:
    return [f"{cause.field}: {cause.message}" for cause in causes]


@pytest.mark.parametrize(
    ("spec", "causes"),
    [
        (FINE, []),
        ({}, ["spec.cabins: Required value"]),
        ({"cabins": []}, ["spec.cabins: Required value"]),
        ({"cabins": [{"name": "", "beds": 0}]}, [
            "spec.cabins[0].name: Required value",
            "spec.cabins[0].beds: Invalid value: 0: must be between 1 and 4, inclusive",
        ]),
        ({**FINE, "crew": -1}, ["spec.crew: Invalid value: -1: must be greater than or equal to 0"]),
        ({**FINE, "flag": "Ab"}, ['spec.flag: Invalid value: "Ab": must match the regex ^[A-Z]+$']),
        ({**FINE, "flag": "ABCD"}, ["spec.flag: Too long: may not be more than 3 bytes"]),
        ({**FINE, "sails": {"main": {"colour": "blue"}}}, [
            'spec.sails.main.colour: Unsupported value: "blue": supported values: "red", "white"',
        ]),
        ({**FINE, "tender": {"cabins": [{"name": "stern"}]}}, ["spec.tender.cabins[0].beds: Required value"]),
        ({"crew": -2, "flag": "x"}, [
            'spec.flag: Invalid value: "x": must match the regex ^[A-Z]+$',
            "spec.crew: Invalid value: -2: must be greater than or equal to 0",
            "spec.cabins: Required value",
        ]),
    ],
)  # fmt: skip
def test_the_types_own_rules(spec: dict[str, Any], causes: list[str]) -> None:
    assert said(validate(BOAT.struct, {"metadata": {}, "spec": spec})) == causes


def test_formats_are_checked_in_kubernetes_words() -> None:
    (cause,) = validate(BOAT.struct, {"spec": {"cabins": [{"name": "Bow!", "beds": 1}]}})
    assert (cause.reason, cause.field) == ("FieldValueInvalid", "spec.cabins[0].name")
    assert cause.message.startswith('Invalid value: "Bow!": a lowercase RFC 1123 label must consist of')


def test_rules_attached_to_a_class_run_after_its_fields() -> None:
    assert said(validate(BOAT.struct, {"spec": {**FINE, "mast": {"height": 0}}})) == [
        "spec.mast.height: Invalid value: 0: must be greater than or equal to 1",
        "spec.mast.height: not a mast",
    ]


def test_a_rule_for_the_whole_speaks_alone() -> None:
    assert said(validate(BOAT.struct, {"spec": {**FINE, "keel": {"depth": 0}}})) == ["spec.keel: Forbidden: too deep"]


def test_a_field_that_may_not_change() -> None:
    old, new = {"spec": {"home": "a", "tender": {"home": "x"}}}, {"spec": {"home": "b", "tender": {"home": "y"}}}
    assert validate_update(BOAT.struct, old, old) == []
    assert said(validate_update(BOAT.struct, new, old)) == [
        'spec.home: Invalid value: "b": field is immutable',
        'spec.tender.home: Invalid value: "y": field is immutable',
    ]


PROPERTY_CASES: list[tuple[dict[str, Any], Any, list[str]]] = [
    ({"type": "integer"}, "3", [
        'FieldValueTypeInvalid Invalid value: "string": f in body must be of type integer: "string"']),
    ({"type": "string"}, 7, [
        'FieldValueTypeInvalid Invalid value: "integer": f in body must be of type string: "integer"']),
    ({"type": "integer"}, 7.0, []),
    ({"type": "number"}, 7, []),
    ({"type": "string"}, None, ['FieldValueTypeInvalid Invalid value: "null": f in body must be of type string: "null"']),
    ({"type": "string", "nullable": True}, None, []),
    ({"type": "array", "items": {"type": "string"}}, {}, [
        'FieldValueTypeInvalid Invalid value: "object": f in body must be of type array: "object"']),
    ({"x-kubernetes-int-or-string": True}, "http", []),
    ({"x-kubernetes-int-or-string": True}, True, [
        'FieldValueTypeInvalid Invalid value: "boolean": f in body must be of type integer,string: "boolean"']),
    ({"type": "integer", "minimum": 1, "maximum": 10}, 11, [
        "FieldValueInvalid Invalid value: 11: f in body should be less than or equal to 10"]),
    ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, 1, [
        "FieldValueInvalid Invalid value: 1: f in body should be greater than 1"]),
    ({"type": "integer", "multipleOf": 5}, 7, ["FieldValueInvalid Invalid value: 7: f in body should be a multiple of 5"]),
    ({"type": "string", "pattern": r"^\p{Lu}+$"}, "ÄÖÜ", []),
    ({"type": "string", "pattern": "^[a-z]+$"}, "UP", [
        "FieldValueInvalid Invalid value: \"UP\": f in body should match '^[a-z]+$'"]),
    ({"type": "string", "maxLength": 2}, "abc", ["FieldValueTooLong Too long: may not be more than 2 bytes"]),
    ({"type": "string", "minLength": 2}, "a", [
        'FieldValueInvalid Invalid value: "a": f in body should be at least 2 chars long']),
    ({"type": "string", "enum": ["Keep", "Drop"]}, "Lose", [
        'FieldValueNotSupported Unsupported value: "Lose": supported values: "Keep", "Drop"']),
    ({"type": "array", "maxItems": 2, "items": {"type": "string"}}, ["a", "b", "c"], [
        "FieldValueTooMany Too many: 3: must have at most 2 items"]),
    ({"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}, {}, [
        "FieldValueInvalid Invalid value: 0: f in body should have at least 1 properties"]),
    ({"type": "string", "format": "date-time"}, "noon", [
        'FieldValueTypeInvalid Invalid value: "noon": f in body must be of type date-time: "noon"']),
    ({"type": "string", "format": "ipv4"}, "10.0.0.1", []),
    ({"type": "string", "format": "made-up"}, "anything", []),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "causes"), PROPERTY_CASES)
def test_properties_of_custom_resources(schema: dict[str, Any], value: Any, causes: list[str]) -> None:
    struct = type_from({"type": "object", "properties": {"f": schema}})
    assert isinstance(struct, Struct)
    found = validate(struct, {"f": value})
    assert [f"{cause.reason} {cause.message}" for cause in found] == causes
    assert {cause.field for cause in found} <= {"f"}


@pytest.mark.parametrize(
    ("extensions", "items", "causes"),
    [
        ({"x-kubernetes-list-type": "set"}, ["a", "b", "a"], ['f[2]: Duplicate value: "a"']),
        ({}, ["a", "a"], []),
    ],
)
def test_items_of_a_set_differ(extensions: dict[str, Any], items: list[str], causes: list[str]) -> None:
    schema = {"type": "array", "items": {"type": "string"}, **extensions}
    struct = type_from({"type": "object", "properties": {"f": schema}})
    assert isinstance(struct, Struct)
    assert said(validate(struct, {"f": items})) == causes


def test_keys_of_a_list_map_differ() -> None:
    item = {"type": "object", "properties": {"port": {"type": "integer"}, "protocol": {"type": "string"}}}
    keyed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"]}
    struct = type_from({"type": "object", "properties": {"f": {"type": "array", "items": item, **keyed}}})
    assert isinstance(struct, Struct)
    tcp, udp = {"port": 1, "protocol": "TCP"}, {"port": 1, "protocol": "UDP"}
    assert said(validate(struct, {"f": [tcp, udp, tcp]})) == ['f[2]: Duplicate value: {"port":1,"protocol":"TCP"}']


def test_the_error_names_kind_and_every_cause() -> None:
    causes = [Cause("FieldValueRequired", "Required value", "spec.a"), Cause("FieldValueInvalid", "odd", "")]
    error = invalid_object(BOAT, "x", causes)
    assert error.message == 'Boat.example.com "x" is invalid: [spec.a: Required value, <nil>: odd]'
    assert error.to_status()["details"]["group"] == "example.com"
    assert aggregate(causes[:1]) == "spec.a: Required value"
