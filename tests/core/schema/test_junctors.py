"""What several schemas say of one value together."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.schema.custom import type_from
from sampan.core.schema.ratchet import new_causes
from sampan.core.schema.validate import value_causes

NONE = "<nil>"


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"anyOf": [{"minimum": 3}, {"minimum": 5}]}, 4, []),
        (
            {"anyOf": [{"minimum": 3}, {"minimum": 5}]},
            1,
            [(NONE, '"v" must validate at least one schema (anyOf)'), ("v", "")],
        ),
        ({"not": {"minimum": 3}}, 4, [(NONE, '"v" must not validate the schema (not)')]),
        (
            {"allOf": [{"minimum": 3}, {"maximum": 5}]},
            1,
            [("v", ""), (NONE, '"v" must validate all the schemas (allOf)')],
        ),
        (
            {"allOf": [{"minimum": 3}]},
            1,
            [("v", ""), (NONE, '"v" must validate all the schemas (allOf). None validated')],
        ),
        (
            {"oneOf": [{"minimum": 3}, {"minimum": 4}]},
            5,
            [(NONE, '"v" must validate one and only one schema (oneOf). Found 2 valid alternatives')],
        ),
    ],
)
def test_what_is_wrong_with_all_of_them_has_no_field(
    schema: dict[str, Any], value: int, expected: list[tuple[str, str]]
) -> None:
    found = value_causes(
        type_from({"type": "object", "properties": {"v": {"type": "integer", **schema}}}), {"v": value}, ""
    )
    assert [cause.field for cause in found] == [field for field, _ in expected]
    for cause, (field, words) in zip(found, expected, strict=True):
        assert field != NONE or cause.message == f'Invalid value: "": {words}'


def test_what_was_wrong_before_may_stay() -> None:
    kind = type_from({"type": "object", "properties": {"v": {"type": "integer", "not": {"minimum": 3}}}})
    found = value_causes(kind, {"v": 4}, "")
    assert new_causes(kind, {"v": 4, "w": 1}, {"v": 4}, found) == []
    assert len(new_causes(kind, {"v": 4}, {"v": 5}, found)) == 1
