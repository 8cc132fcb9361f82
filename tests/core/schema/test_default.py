"""Types fill in what was left out: outer fields first, each default its own copy."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import Deployment, Pod
from sampan.core.schema.custom import type_from
from sampan.core.schema.default import apply_defaults, has_defaults
from sampan.core.schema.resource import resource_of


def test_a_pods_fields_get_their_defaults() -> None:
    pod: dict[str, Any] = {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}}
    apply_defaults(resource_of(Pod).struct, pod)
    assert pod["spec"]["restartPolicy"] == "Always"
    assert pod["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert pod["spec"]["containers"][0]["terminationMessagePolicy"] == "File"


def test_what_was_given_stays() -> None:
    deployment: dict[str, Any] = {"spec": {"replicas": 0, "template": {"spec": {"restartPolicy": "Never"}}}}
    apply_defaults(resource_of(Deployment).struct, deployment)
    assert deployment["spec"]["replicas"] == 0
    assert deployment["spec"]["template"]["spec"]["restartPolicy"] == "Never"


NESTED = {
    "type": "object",
    "properties": {
        "nested": {"type": "object", "default": {}, "properties": {"depth": {"type": "integer", "default": 7}}},
        "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}}},
        "map": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"b": {"type": "boolean", "default": False}}},
        },
        "maybe": {"type": "string", "nullable": True, "default": "y"},
    },
}


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        ({}, {"nested": {"depth": 7}, "maybe": "y"}),
        ({"nested": {"depth": 1}, "maybe": None}, {"nested": {"depth": 1}, "maybe": None}),
        ({"nested": None, "maybe": "z"}, {"nested": {"depth": 7}, "maybe": "z"}),
        (
            {"list": [{}, {"a": "b"}], "maybe": ""},
            {"list": [{"a": "x"}, {"a": "b"}], "nested": {"depth": 7}, "maybe": ""},
        ),
        ({"map": {"k": {}}, "maybe": ""}, {"map": {"k": {"b": False}}, "nested": {"depth": 7}, "maybe": ""}),
        ({"list": "wrong", "map": 3, "maybe": ""}, {"list": "wrong", "map": 3, "nested": {"depth": 7}, "maybe": ""}),
    ],
)
def test_defaults_of_a_schema(given: dict[str, Any], filled: dict[str, Any]) -> None:
    apply_defaults(type_from(NESTED), given)
    assert given == filled


def test_two_objects_do_not_share_a_default() -> None:
    kind = type_from(NESTED)
    one: dict[str, Any] = {}
    other: dict[str, Any] = {}
    apply_defaults(kind, one)
    one["nested"]["depth"] = 9
    apply_defaults(kind, other)
    assert other["nested"]["depth"] == 7


def test_types_without_defaults_are_not_visited() -> None:
    assert not has_defaults(type_from({"type": "object", "properties": {"a": {"type": "string"}}}))
