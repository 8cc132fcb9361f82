"""What lies at the paths of a scale, in Kubernetes' words where it is something else."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.schema.nested import WrongType, integer_at, put_at, text_at


@pytest.mark.parametrize(
    ("value", "found"),
    [({}, None), ({"spec": None}, None), ({"spec": {}}, None), ({"spec": {"n": 3}}, 3), ({"spec": {"n": 0}}, 0)],
)
def test_a_number_or_nothing(value: dict[str, Any], found: int | None) -> None:
    assert integer_at(".spec.n", value) == found


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("x", ".spec.n accessor error: x is of the type string, expected map[string]interface{}"),
        ([1, None], ".spec.n accessor error: [1 <nil>] is of the type []interface {}, expected map[string]interface{}"),
        ({"n": "3"}, ".spec.n accessor error: 3 is of the type string, expected int64"),
        ({"n": True}, ".spec.n accessor error: true is of the type bool, expected int64"),
        ({"n": 1.5}, ".spec.n accessor error: 1.5 is of the type float64, expected int64"),
        ({"n": None}, ".spec.n accessor error: <nil> is of the type <nil>, expected int64"),
        (
            {"n": {"b": 1, "a": []}},
            ".spec.n accessor error: map[a:[] b:1] is of the type map[string]interface {}, expected int64",
        ),
    ],
)
def test_what_is_no_number(spec: Any, words: str) -> None:
    with pytest.raises(WrongType) as raised:
        integer_at(".spec.n", {"spec": spec})
    assert str(raised.value) == words


def test_texts() -> None:
    assert (text_at(".a.b", {"a": {"b": "c"}}), text_at("a.b", {})) == ("c", "")
    with pytest.raises(WrongType, match=r"\.a\.b accessor error: 1 is of the type int64, expected string"):
        text_at(".a.b", {"a": {"b": 1}})


def test_a_number_is_written_where_nothing_or_an_object_is() -> None:
    obj: dict[str, Any] = {"a": {}}
    put_at(".a.b.c", obj, 3)
    assert obj == {"a": {"b": {"c": 3}}}
    with pytest.raises(WrongType, match=r"value cannot be set because \.a\.b\.c is not a map\[string\]interface{}"):
        put_at(".a.b.c.d", obj, 3)
