"""Objects within custom objects."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.schema.custom import type_from
from sampan.core.schema.decode import json_problem, reader_of
from sampan.core.schema.scalars import Mismatch
from sampan.core.schema.validate import validate

EMBEDDED = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
KIND: Any = type_from({"type": "object", "properties": {"e": EMBEDDED, "l": {"type": "array", "items": EMBEDDED}}})
TYPED = {"apiVersion": "v1", "kind": "X"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (TYPED, {}),
        ({**TYPED, "metadata": {"name": "a", "labels": {"a": "b"}}}, {}),
        ({}, {"e.apiVersion": "Required value", "e.kind": "Required value"}),
        (
            {"apiVersion": "a/b/c", "kind": ""},
            {"e.apiVersion": "unexpected GroupVersion", "e.kind": "must not be empty"},
        ),
        ({"apiVersion": "v1", "kind": "-x"}, {"e.kind": "may have mixed case, but should otherwise match"}),
        ({**TYPED, "metadata": {"name": "a/b"}}, {"e.metadata.name": "may not contain '/'"}),
        ({**TYPED, "metadata": {"namespace": "Q!"}}, {"e.metadata.namespace": "a lowercase RFC 1123 label"}),
        ({**TYPED, "metadata": {"managedFields": [{}]}}, {"e.metadata.managedFields[0].operation": "must be `Apply`"}),
    ],
)
def test_its_type_and_metadata_are_looked_at(value: dict[str, Any], found: dict[str, str]) -> None:
    causes = validate(KIND, {"e": value})
    assert [cause.field for cause in causes] == list(found)
    assert all(words in cause.message for cause, words in zip(causes, found.values(), strict=True))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"apiVersion": 1}, "l[0].apiVersion: Invalid value: 1: must be a string"),
        (
            {"metadata": {"name": 1}},
            'l[0].metadata: Invalid value: {"name":1}: json: cannot unmarshal number into Go struct field ObjectMeta.name'
            " of type string",
        ),
    ],
)
def test_what_cannot_be_read_has_its_place(value: dict[str, Any], message: str) -> None:
    with pytest.raises(Mismatch) as raised:
        reader_of(KIND)({"l": [value]}, [], None)
    assert json_problem(raised.value) == message


def test_metadata_that_is_null_is_empty_and_loses_what_it_cannot_have() -> None:
    unknown: list[str] = []
    assert reader_of(KIND)({"e": {"metadata": None}}, unknown, None) == {"e": {"metadata": {}}}
    assert reader_of(KIND)({"e": {"metadata": {"x": 1}}}, unknown, None) == {"e": {"metadata": {}}}
    assert unknown == ['unknown field "e.metadata.x"']
