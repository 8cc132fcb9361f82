"""Objects stored under another schema, in the form of the present one."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.schema.custom import type_from
from sampan.core.schema.encode import encode
from sampan.core.schema.fit import fit
from sampan.core.schema.types import Struct

TEXT = {"type": "string"}
MADE = type_from(
    {
        "type": "object",
        "properties": {
            "text": TEXT,
            "maybe": {**TEXT, "nullable": True},
            "colour": {**TEXT, "default": "red"},
            "map": {"type": "object", "additionalProperties": TEXT},
            "list": {"type": "array", "items": TEXT},
            "any": {"x-kubernetes-preserve-unknown-fields": True},
            "inner": {"type": "object", "properties": {"text": TEXT}},
            "template": {
                "type": "object",
                "x-kubernetes-embedded-resource": True,
                "x-kubernetes-preserve-unknown-fields": True,
            },
        },
    }
)
assert isinstance(MADE, Struct)
OBJECT: Struct = MADE
RED = {"colour": "red"}


@pytest.mark.parametrize(
    ("value", "fitted"),
    [
        ({"gone": 1}, RED),
        ({"text": None, "maybe": None, "any": None}, {"maybe": None, **RED}),
        ({"colour": None}, RED),
        ({"map": {"a": None, "b": "c"}}, {"map": {"b": "c"}, **RED}),
        ({"list": [None]}, {"list": [None], **RED}),
        ({"inner": {"text": None}}, {"inner": {}, **RED}),
        ({"template": {"metadata": None, "spec": None}}, {"template": {"metadata": {}, "spec": None}, **RED}),
        ({"text": 1, "inner": "text", "list": {"a": 1}}, {"text": 1, "inner": "text", "list": {}, **RED}),
    ],
)
def test_unknown_fields_and_forbidden_nulls_go(value: dict[str, Any], fitted: dict[str, Any]) -> None:
    fit(OBJECT, value)
    assert value == fitted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=2),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from([*OBJECT.fields, "gone", "metadata"]), below, max_size=4)
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from([*OBJECT.fields, "gone"]), JSON, max_size=5))
def test_whatever_is_stored_can_be_shown_and_stays_as_it_is_shown(value: dict[str, Any]) -> None:
    fit(OBJECT, value)
    encode(OBJECT, value)
    once = copy.deepcopy(value)
    fit(OBJECT, value)
    assert value == once
