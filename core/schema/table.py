"""Tables: the server-side printing behind ``kubectl get``.

`column_definitions` and `row` are called for lists, single objects and watch events whose ``Accept`` asks for
``as=Table``. Cells come from `Column.cell`: a JSONPath or a function. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import orjson

from sampan.core.errors import BadRequest
from sampan.core.model.age import UNKNOWN, age
from sampan.core.model.kinds import Column
from sampan.core.schema.jsonpath import compile_path
from sampan.core.schema.resource import Resource

IncludeObject = Literal["None", "Metadata", "Object"]
META: Final = "meta.k8s.io/v1"


def include_object(text: str) -> IncludeObject:
    """The query parameter ``includeObject``. Raises `BadRequest` for a word that Kubernetes does not know."""
    if text in ("None", "Metadata", "Object"):
        return text  # type: ignore[return-value]
    if not text:
        return "Metadata"
    said = f"includeObject: Invalid value: \"{text}\": must be 'Metadata', 'Object', 'None', or empty"
    raise BadRequest(f"Unable to convert to Table as requested: {said}")


def table(
    resource: Resource,
    objects: Iterable[Mapping[str, Any]],
    now: datetime,
    *,
    include: IncludeObject = "Metadata",
    list_meta: Mapping[str, Any] | None = None,
    definitions: bool = True,
) -> dict[str, Any]:
    """A ``meta.k8s.io/v1`` Table of wire objects that have their resourceVersion.

    ``list_meta`` is the list's ``metadata``. A watch sends ``definitions`` in its first event only.
    """
    return {
        "kind": "Table",
        "apiVersion": META,
        "metadata": dict(list_meta or {}),
        "columnDefinitions": column_definitions(resource) if definitions else None,
        "rows": [row(resource, each, now, include) for each in objects],
    }


def column_definitions(resource: Resource) -> list[dict[str, Any]]:
    """All columns but those without a name, whose cells come unannounced."""
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": _description(resource, column),
            "priority": column.priority,
        }
        for column in resource.columns
        if column.name
    ]


def _description(resource: Resource, column: Column) -> str:
    if column.description:
        return column.description
    if column.cell == ".metadata.name":
        about = resource.struct.fields["metadata"].type
        fields = getattr(about, "fields", {})
        return fields["name"].doc if "name" in fields else ""
    if isinstance(column.cell, str) and resource.custom:
        return f"Custom resource definition column (in JSONPath format): {column.cell}"
    return ""


def row(resource: Resource, obj: Mapping[str, Any], now: datetime, include: IncludeObject) -> dict[str, Any]:
    """One object's cells, and as much of the object as was asked for."""
    cells: dict[str, Any] = {"cells": [cell(column, obj, now) for column in resource.columns]}
    if include == "None":
        return cells | {"object": None}
    return cells | {"object": dict(obj) if include == "Object" else partial_metadata(resource, obj)}


def partial_metadata(resource: Resource, obj: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata_alone(resource, obj)}


def metadata_alone(resource: Resource, obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is shown of an object of which only the metadata is."""
    meta: Mapping[str, Any] = obj.get("metadata") or {}
    hidden = resource.rules.annotations_of_whole
    if not hidden or not meta.get("annotations"):
        return meta
    left = {key: text for key, text in meta["annotations"].items() if key not in hidden}
    rest = {key: value for key, value in meta.items() if key != "annotations"}
    return {**rest, "annotations": left} if left else rest


def cell(column: Column, obj: Mapping[str, Any], now: datetime) -> Any:
    """A column's value for one object; None where its path finds nothing or something of another type."""
    if not isinstance(column.cell, str):
        return column.cell(obj, now)
    found = compile_path(column.cell)(obj)
    if column.type == "date" or _is_age(column):
        return _date(found, now, UNKNOWN if _is_age(column) else None)
    return _converted(column.type, found[0]) if found else None


def _is_age(column: Column) -> bool:
    """A built-in kind's Age is a string that is made from a time."""
    return column.type == "string" and column.name == "Age" and column.cell == ".metadata.creationTimestamp"


def _date(found: Sequence[Any], now: datetime, missing: str | None) -> str | None:
    return age(found[0], now) if found and isinstance(found[0], str) else missing


def _converted(wanted: str, value: Any) -> Any:
    if wanted == "string":
        return _text(value)
    if wanted == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if wanted == "integer" else value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
