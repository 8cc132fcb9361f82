"""Custom objects by their schemas: what is said, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.errors import Cause
from sampan.core.schema.custom import type_from
from sampan.core.schema.decode import reader_of
from sampan.core.schema.prune import prune
from sampan.core.schema.validate import validate

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
SET: Schema = {"type": "array", "items": WHOLE, "x-kubernetes-list-type": "set"}
KEYED: Schema = {
    "type": "array",
    "items": {"type": "object", "properties": {"k": WHOLE}, "required": ["k"]},
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["k"],
}


def wrong(schema: Schema, value: Any) -> list[Cause]:
    kind: Any = type_from({"type": "object", "properties": {"a": schema}})
    return validate(kind, {"a": value})


@pytest.mark.parametrize(
    ("schema", "value", "messages"),
    [
        ({**TEXT, "enum": ["b"]}, 1, ['a in body must be of type string: "integer"', 'supported values: "b"']),
        (
            {**WHOLE, "not": {}},
            "x",
            ['a in body must be of type integer: "string"', "must not validate the schema (not)"],
        ),
        (
            {**WHOLE, "maximum": 3, "multipleOf": 2, "anyOf": [{"minimum": 9}]},
            5,
            ["(anyOf)", "greater than or equal to 9", "a multiple of 2", "less than or equal to 3"],
        ),
        ({**TEXT, "minLength": 3, "pattern": "^a"}, "b", ["at least 3 chars long"]),
        ({"type": "array", "items": TEXT, "minItems": 2}, [1], ["a[0] in body must be", "at least 2 items"]),
        (
            {"type": "object", "properties": {"b": TEXT}, "required": ["c"], "minProperties": 2},
            {"b": 1},
            ["at least 2 properties", "a.b in body must be", "Required value"],
        ),
        ({**WHOLE, "format": "int32"}, True, ['a in body must be of type int32: ""']),
        ({**TEXT, "format": "date"}, 3, ['a in body must be of type date: "int64"']),
        ({**TEXT, "format": "date"}, [3], []),
        ({**TEXT, "format": "odd"}, 3, ['a in body must be of type string: "integer"']),
        ({**WHOLE, "format": "int32"}, 2**31, ["Checked value must be of type integer with format int32 in a"]),
        (WHOLE, 2**64, ['must be of type integer: "number"', "must be of type integer (default format) in a"]),
        ({"type": "number", "minimum": 1.5}, 1, []),
        ({"type": "number", "enum": [1, 2]}, 1.5, []),
        ({"type": "number", "multipleOf": 0.5}, 3, ["factor MultipleOf declared for a must be positive: 0"]),
        ({**TEXT, "maxLength": 1}, "ab", ["Too long: may not be more than 1 byte"]),
        (SET, [1, 2, 1, 1], ["Duplicate value: 1"]),
        (SET, ["x", 1, 1], ['a[0] in body must be of type integer: "string"', "Duplicate value: 1"]),
        (
            KEYED,
            [{"k": 1}, "x", {"k": 1}],
            ['must be of type object: "string"', "must be an object for an array of list-type map"],
        ),
    ],
)
def test_all_that_can_be_said_is_said_in_kubernetes_order(schema: Schema, value: Any, messages: list[str]) -> None:
    found = [cause.message for cause in wrong(schema, value)]
    assert len(found) == len(messages), found
    for said, expected in zip(found, messages, strict=True):
        assert expected in said


def test_the_same_is_said_once() -> None:
    alike = {**WHOLE, "maximum": 3, "allOf": [{"maximum": 3}, {"maximum": 3}]}
    assert len([cause for cause in wrong(alike, 5) if "less than" in cause.message]) == 1


@pytest.mark.parametrize(
    ("schema", "value", "kept", "lost"),
    [
        (WHOLE, {"x": 1}, {}, ["a.x"]),
        (SET, [1, {"x": 1}], [1, {}], ["a[1].x"]),
        ({"type": "object", "properties": {}}, [{"x": 1}], [{}], ["a[0].x"]),
        ({"x-kubernetes-int-or-string": True}, {"x": 1}, {}, ["a.x"]),
        ({"x-kubernetes-preserve-unknown-fields": True}, {"x": 1}, {"x": 1}, []),
    ],
)
def test_of_a_value_of_another_type_no_field_is_known(schema: Schema, value: Any, kept: Any, lost: list[str]) -> None:
    kind: Any = type_from({"type": "object", "properties": {"a": schema}})
    unknown: list[str] = []
    assert reader_of(kind)({"a": value}, unknown, None) == {"a": kept}
    assert unknown == [f'unknown field "{path}"' for path in lost]
    stored = {"a": value}
    assert (prune(kind, stored), stored) == (lost, {"a": kept})


def test_a_number_without_a_fraction_is_a_whole_one() -> None:
    kind: Any = type_from({"type": "object", "properties": {"a": {"type": "number"}}})
    assert repr(reader_of(kind)({"a": 3.0}, [], None)) == "{'a': 3}"
