"""Values of one shape are written by the same steps, and never any other way than one by one."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema import encode as encoding
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.encode import encode
from sampan.core.schema.types import Struct

SPEC = {"containers": [{"image": "i", "name": "c"}], "nodeName": "n"}


def written(value: dict[str, Any]) -> Any:
    return orjson.loads(encode(struct_of(Pod), value))


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]},
        {**SPEC, "hostname": None},
        {**SPEC, "unheardOf": {"b": 1, "a": 2}},
    ],
)
def test_the_first_and_the_second_of_a_shape_are_written_alike(spec: dict[str, Any]) -> None:
    value = {"metadata": {"labels": {"b": "2", "a": "1"}, "name": "x"}, "spec": spec}
    first, second = encode(struct_of(Pod), value), encode(struct_of(Pod), value)
    assert first == second
    names = list(orjson.loads(first)["spec"])
    assert names[0] == "containers"
    assert names.index("nodeName") > names.index("containers")


def test_a_field_is_left_out_where_it_is_null_and_written_where_another_of_its_shape_has_it() -> None:
    shape = {"metadata": {"name": "x"}, "spec": {**SPEC, "hostname": "h"}}
    assert written(shape)["spec"]["hostname"] == "h"
    assert "hostname" not in written({"metadata": {"name": "x"}, "spec": {**SPEC, "hostname": None}})["spec"]


def test_equal_parts_are_written_alike_however_often_they_come() -> None:
    values: list[dict[str, Any]] = [{"metadata": {"name": f"p{number}"}, "spec": {**SPEC}} for number in range(4)]
    specs = [orjson.dumps(written(value)["spec"]) for value in values]
    assert specs == specs[:1] * 4
    other = {"metadata": {"name": "other"}, "spec": {**SPEC, "nodeName": "elsewhere"}}
    assert written(other)["spec"]["nodeName"] == "elsewhere"
    assert [value["spec"] for value in values] == [SPEC] * 4


def test_clients_cannot_make_it_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MOST_SHAPES", 2)
    kind = Struct(make_fields=lambda: struct_of(Pod).fields)
    made = [{"spec": {**SPEC, f"field{number}": "x"}, **({"status": {}} if number % 2 else {})} for number in range(6)]
    for value in made:
        assert orjson.loads(encode(kind, {"metadata": {}, **value}))["spec"]["nodeName"] == "n"
