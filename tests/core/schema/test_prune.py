"""What a schema does not name is dropped, and its path told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.schema.custom import type_from
from sampan.core.schema.prune import prune

SCHEMA = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "list": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "string"}}}},
        "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"y": {"type": "string"}}}},
        "free": {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {"named": {"type": "object", "properties": {"z": {"type": "string"}}}},
        },
    },
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "list", "map", "free", "x", "y", "z", "named", "odd"]), below, max_size=4
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("given_value", "kept", "paths"),
    [
        ({"a": "1", "odd": {"deep": 1}}, {"a": "1"}, ["odd"]),
        ({"list": [{"x": "1"}, {"x": "2", "odd": 1}]}, {"list": [{"x": "1"}, {"x": "2"}]}, ["list[1].odd"]),
        ({"map": {"k": {"y": "1", "odd": 1}}}, {"map": {"k": {"y": "1"}}}, ["map.k.odd"]),
        ({"free": {"any": [1], "named": {"odd": 1}}}, {"free": {"any": [1], "named": {}}}, ["free.named.odd"]),
        ({"list": "wrong type"}, {"list": "wrong type"}, []),
    ],
)
def test_unknown_fields_go(given_value: dict[str, Any], kept: dict[str, Any], paths: list[str]) -> None:
    assert prune(type_from(SCHEMA), given_value) == paths
    assert given_value == kept


@given(JSON)
def test_pruning_twice_changes_nothing_more(value: Any) -> None:
    kind = type_from(SCHEMA)
    prune(kind, value)
    once = copy.deepcopy(value)
    assert prune(kind, value) == []
    assert value == once
