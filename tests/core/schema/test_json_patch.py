"""JSON patches apply as a whole or not at all, with kube-apiserver's errors."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sampan.core.errors import BadRequest, TooLarge
from sampan.core.schema.json_patch import MAX_OPERATIONS, RefusedPatch, apply_json_patch

OBJECT: dict[str, Any] = {"labels": {"a": "b", "x/y": "z"}, "args": ["one", "two"], "n": 1}


@pytest.mark.parametrize(
    ("operations", "changed"),
    [
        ([{"op": "add", "path": "/args/1", "value": "mid"}], {"args": ["one", "mid", "two"]}),
        ([{"op": "add", "path": "/args/-", "value": "end"}], {"args": ["one", "two", "end"]}),
        ([{"op": "remove", "path": "/labels/x~1y"}], {"labels": {"a": "b"}}),
        ([{"op": "replace", "path": "/n", "value": 2}], {"n": 2}),
        (
            [{"op": "replace", "path": "/labels/absent", "value": "q"}],
            {"labels": {"a": "b", "x/y": "z", "absent": "q"}},
        ),
        ([{"op": "move", "from": "/labels/a", "path": "/labels/b"}], {"labels": {"x/y": "z", "b": "b"}}),
        ([{"op": "copy", "from": "/args/0", "path": "/args/-"}], {"args": ["one", "two", "one"]}),
        ([{"op": "copy", "from": "/labels/absent", "path": "/n"}], {"n": None}),
        ([{"op": "test", "path": "/n", "value": 1}], {}),
        ([{"op": "test", "path": "/nothing", "value": None}], {}),
        ([], {}),
    ],
)
def test_operations(operations: list[dict[str, Any]], changed: dict[str, Any]) -> None:
    original = copy.deepcopy(OBJECT)
    assert apply_json_patch(original, operations) == OBJECT | changed
    assert original == OBJECT


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/n", "value": 2},
        {"op": "remove", "path": "/labels/absent"},
        {"op": "remove", "path": "/args/5"},
        {"op": "replace", "path": "/args/5", "value": "x"},
        {"op": "replace", "path": "/absent/deep", "value": "x"},
        {"op": "add", "path": "/absent/deep", "value": "x"},
        {"op": "add", "path": "/n/deep", "value": "x"},
        {"op": "move", "from": "/absent", "path": "/n"},
        {"op": "copy", "path": "/n"},
        {"op": "copy", "from": "", "path": "/n"},
        {"op": "copy", "from": "/absent/deep", "path": "/n"},
        {"op": "copy", "from": "/args/5", "path": "/n"},
        {"op": "dance", "path": "/n"},
        {"op": "replace", "value": "no path"},
        {"op": "add", "path": "/n"},
        {"op": "replace", "path": "no slash", "value": 1},
        {"op": "replace", "path": 7, "value": 1},
        {},
    ],
)
def test_an_operation_that_fails_refuses_the_patch(operation: dict[str, Any]) -> None:
    original = copy.deepcopy(OBJECT)
    with pytest.raises(RefusedPatch) as caught:
        apply_json_patch(original, [{"op": "replace", "path": "/n", "value": 9}, operation])
    assert original == OBJECT
    status = caught.value.to_status()
    assert (status["code"], status["reason"], status["details"]) == (422, "Invalid", {})


@pytest.mark.parametrize("operations", [{"op": "add"}, "text", [1], None])
def test_what_is_no_list_of_operations_is_a_bad_request(operations: Any) -> None:
    with pytest.raises(BadRequest, match=r"^error decoding patch"):
        apply_json_patch(OBJECT, operations)


def test_a_patch_has_an_end() -> None:
    with pytest.raises(TooLarge, match="maximum operations in a JSON patch is 10000, got 10001"):
        apply_json_patch(OBJECT, [{"op": "test", "path": "/n", "value": 1}] * (MAX_OPERATIONS + 1))
