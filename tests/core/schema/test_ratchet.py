"""What an update is blamed for."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.errors import Cause
from sampan.core.schema.custom import type_from
from sampan.core.schema.ratchet import new_causes

STRING = {"type": "string"}
NAMED = {"type": "object", "properties": {"name": STRING, "value": STRING}}
SCHEMA = type_from(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "a": STRING,
                    "b": STRING,
                    "plain": {"type": "array", "items": STRING},
                    "named": {
                        "type": "array",
                        "items": NAMED,
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                    },
                    "free": {"type": "object", "additionalProperties": STRING},
                    "object": {
                        "type": "object",
                        "x-kubernetes-embedded-resource": True,
                        "properties": {"spec": {"type": "object", "properties": {"a": STRING}}},
                    },
                },
            }
        },
    }
)


def named(**values: str) -> dict[str, Any]:
    return {"named": [{"name": name, "value": value} for name, value in values.items()]}


@pytest.mark.parametrize(
    ("field", "old", "new", "is_blamed"),
    [
        ("spec.a", {"a": "x"}, {"a": "x", "b": "y"}, False),
        ("spec.a", {"a": "x"}, {"a": "z"}, True),
        ("spec.a", {}, {"a": "z"}, True),
        ("spec.plain[1]", {"plain": ["p", "q"]}, {"plain": ["p", "q"], "a": "x"}, False),
        ("spec.plain[1]", {"plain": ["p", "q"]}, {"plain": ["r", "q"]}, True),
        ("spec.named[0].value", named(x="1", y="2"), named(y="2", x="3"), False),
        ("spec.named[1].value", named(x="1", y="2"), named(y="2", x="3"), True),
        ("spec.free[k]", {"free": {"k": "1"}}, {"free": {"k": "1", "l": "2"}}, False),
        ("spec.free[k]", {"free": {"k": "1"}}, {"free": {"k": "2"}}, True),
        ("spec.object.kind", {"object": {"kind": 1}}, {"object": {"kind": 1}}, True),
        ("spec.object.spec.a", {"object": {"spec": {"a": 1}}}, {"object": {"spec": {"a": 1}}}, False),
    ],
)
def test_an_update_is_blamed_for_what_it_changes(
    field: str, old: dict[str, Any], new: dict[str, Any], is_blamed: bool
) -> None:
    cause = Cause("FieldValueInvalid", "", field)
    assert new_causes(SCHEMA, {"spec": new}, {"spec": old}, [cause]) == ([cause] if is_blamed else [])


def test_a_missing_field_is_a_fault_of_what_lacks_it() -> None:
    cause = Cause("FieldValueRequired", "", "spec.b")
    assert new_causes(SCHEMA, {"spec": {"a": "x"}}, {"spec": {"a": "x"}}, [cause]) == []
    assert new_causes(SCHEMA, {"spec": {"a": "y"}}, {"spec": {"a": "x"}}, [cause]) == [cause]
