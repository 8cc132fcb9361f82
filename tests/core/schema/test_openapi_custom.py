"""What OpenAPI documents show of a definition's schema."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.schema.openapi_custom import published

X = "x-kubernetes-"
FREE = f"{X}preserve-unknown-fields"
WHOLE = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": "ObjectMeta"}}


def shown(schema: dict[str, Any], *, version_2: bool = False) -> Any:
    """Of a field ``a`` with the schema."""
    root = {"type": "object", "properties": {"a": schema}}
    return published(root, WHOLE, version_2=version_2)["properties"]["a"]


def test_version_three_says_all_that_the_definition_says() -> None:
    schema = {
        "type": "object", "title": "A", "nullable": True, "description": "What it is.", "oneOf": [{"required": ["b"]}],
        f"{X}validations": [{"rule": "has(self.b)"}],
        "properties": {"b": {"type": "array", "items": {"type": "string", "format": "ipv4", "description": "An address."}}},
    }  # fmt: skip
    assert shown(schema) == schema
    root = published({"type": "object", "properties": {"metadata": {"type": "object"}}}, WHOLE, version_2=False)
    assert root["properties"] == WHOLE


@pytest.mark.parametrize(
    ("schema", "in_version_2"),
    [
        ({"type": "string", "nullable": True}, {}),
        ({"type": "object", "anyOf": [{}], "not": {}}, {"type": "object"}),
        ({"type": "object", FREE: True, "properties": {"b": {}}}, {FREE: True}),
        (
            {"type": "object", "required": ["b", "c"], "properties": {"b": {"nullable": True}, "c": {"type": "string"}}},
            {"type": "object", "required": ["c"], "properties": {"b": {}, "c": {"type": "string"}}},
        ),
        ({"type": "array", "items": {"type": "string"}}, {"type": "array", "items": {"type": "string"}}),
    ],
)  # fmt: skip
def test_version_two_says_less(schema: dict[str, Any], in_version_2: dict[str, Any]) -> None:
    assert shown(schema, version_2=True) == in_version_2


def test_an_embedded_object_has_what_every_object_has() -> None:
    embedded = shown({"type": "object", f"{X}embedded-resource": True, "properties": {"spec": {"type": "object"}}})
    assert embedded["properties"] == {"spec": {"type": "object"}, **WHOLE}
    assert embedded["required"] == ["kind", "apiVersion"]


def test_what_may_have_any_field_is_described_by_nothing_in_version_two() -> None:
    anything = {"type": "object", FREE: True, "properties": {"a": {"type": "string"}}}
    assert published(anything, WHOLE, version_2=True) == {"type": "object"}
    assert published({}, WHOLE, version_2=False) == {"type": "object"}
