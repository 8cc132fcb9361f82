"""Tables are what kubectl get prints, for kinds with a class and for custom resources."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from sampan.core.errors import BadRequest
from sampan.core.model.builtin import DaemonSet, Pod
from sampan.core.model.kinds import Column, KindInfo
from sampan.core.schema.custom import columns_of, custom_resource
from sampan.core.schema.resource import resource_of
from sampan.core.schema.table import cell, column_definitions, include_object, row, table

NOW = datetime(2024, 1, 1, 0, 5, tzinfo=UTC)
CREATED = "2024-01-01T00:00:00Z"
PRINTED: list[dict[str, Any]] = [
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "description": "how big"},
    {"name": "First", "type": "string", "jsonPath": ".spec.list[0]", "priority": 1},
    {"name": "Active", "type": "boolean", "jsonPath": ".spec.active"},
    {"name": "Weight", "type": "number", "jsonPath": ".spec.weight", "format": "float"},
    {"name": "Since", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]
LOOM = KindInfo(
    group="example.com", version="v1", kind="Loom", plural="looms", singular="loom", list_kind="LoomList",
    columns=columns_of(PRINTED),
)  # fmt: skip
FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
LOOMS = custom_resource(LOOM, FREE)


@pytest.mark.parametrize(
    ("spec", "cells"),
    [
        ({"size": 3, "list": ["x"], "active": True, "weight": 1.5}, [3, "x", True, 1.5]),
        ({"size": "wrong", "list": [], "active": "yes", "weight": None}, [None, None, None, None]),
        ({"size": 2.9, "list": [{"a": 1}], "active": False, "weight": 2}, [2, '{"a":1}', False, 2]),
        ({"size": True, "list": [7], "weight": True}, [None, "7", None, None]),
        ({}, [None, None, None, None]),
    ],
)
def test_cells_of_custom_resources(spec: dict[str, Any], cells: list[Any]) -> None:
    loom = {"metadata": {"name": "a", "creationTimestamp": CREATED}, "spec": spec}
    assert row(LOOMS, loom, NOW, "None") == {"cells": ["a", *cells, "5m"], "object": None}


def test_columns_of_custom_resources() -> None:
    definitions = column_definitions(LOOMS)
    assert definitions[0]["name"] == "Name"
    assert definitions[0]["format"] == "name"
    assert definitions[1] == {"name": "Size", "type": "integer", "format": "", "description": "how big", "priority": 0}
    assert definitions[2]["description"] == "Custom resource definition column (in JSONPath format): .spec.list[0]"


def test_kinds_without_columns() -> None:
    plain = custom_resource(attrs.evolve(LOOM, columns=()), FREE)
    loom = {"metadata": {"name": "a", "creationTimestamp": CREATED}}
    assert [column.name for column in plain.columns] == ["Name", "Age"]
    assert row(plain, loom, NOW, "None")["cells"] == ["a", "5m"]
    builtin = attrs.evolve(resource_of(Pod), info=attrs.evolve(resource_of(Pod).info, columns=()))
    assert [(column.name, column.type) for column in builtin.columns] == [("Name", "string"), ("Created At", "date")]
    assert row(builtin, loom, NOW, "None")["cells"] == ["a", CREATED]


def test_a_column_may_be_a_function() -> None:
    column = Column(name="Ready", cell=lambda obj, now: f"{len(obj['spec'])}/{now.year}")
    assert cell(column, {"spec": [1]}, NOW) == "1/2024"


def test_a_builtin_age_is_never_empty() -> None:
    column = Column(name="Age", cell=".metadata.creationTimestamp")
    assert cell(column, {"metadata": {}}, NOW) == "<unknown>"
    assert cell(column, {"metadata": {"creationTimestamp": CREATED}}, NOW) == "5m"


@pytest.mark.parametrize(
    ("include", "shown"),
    [
        ("None", None),
        ("Metadata", {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a"}}),
        ("Object", {"kind": "Loom", "metadata": {"name": "a"}, "spec": {}}),
    ],
)
def test_how_much_of_the_object_is_shown(include: Any, shown: Any) -> None:
    loom = {"kind": "Loom", "metadata": {"name": "a"}, "spec": {}}
    body = table(LOOMS, [loom], NOW, include=include_object(include), list_meta={"resourceVersion": "7"})
    assert (body["kind"], body["apiVersion"], body["metadata"]) == ("Table", "meta.k8s.io/v1", {"resourceVersion": "7"})
    assert [each["object"] for each in body["rows"]] == [shown]


def test_metadata_is_shown_unless_told_otherwise() -> None:
    assert include_object("") == "Metadata"
    with pytest.raises(BadRequest, match="includeObject: Invalid value"):
        include_object("Sometimes")


def test_a_watch_tells_its_columns_once() -> None:
    assert table(LOOMS, [], NOW, definitions=False)["columnDefinitions"] is None


def test_what_is_an_annotation_of_the_whole_alone_is_not_shown_with_the_metadata() -> None:
    counted = {"deprecated.daemonset.template.generation": "1"}
    kind = resource_of(DaemonSet)
    for given, left in (
        (counted, {"name": "a"}),
        (counted | {"b": "c"}, {"name": "a", "annotations": {"b": "c"}}),
    ):
        obj = {"metadata": {"name": "a", "annotations": given}}
        assert row(kind, obj, NOW, "Metadata")["object"]["metadata"] == left
        assert row(kind, obj, NOW, "Object")["object"] == obj
