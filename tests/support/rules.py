"""What the rules of a kind make of an object, without a server: for tables of cases."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from sampan.core.api.operations.expressions import compiled
from sampan.core.errors import Cause
from sampan.core.model.rules.common.metadata import validate as validate_metadata
from sampan.core.schema.decode import decode_value
from sampan.core.schema.default import apply_defaults
from sampan.core.schema.encode import ordered
from sampan.core.schema.resource import Resource, resource_of
from sampan.core.schema.validate import validate, validate_update

Wire = dict[str, Any]


def created(cls: type, body: Mapping[str, Any]) -> Wire:
    """The object as it would be stored. Fails where it would be refused."""
    resource = resource_of(cls)
    obj = _new(resource, body)
    assert _problems(resource, obj) == []
    return ordered(resource.struct, obj)


def refusals(cls: type, body: Mapping[str, Any]) -> list[str]:
    """What a new object would be refused for: ``field: message``, without the lists of what is supported."""
    resource = resource_of(cls)
    return _shown(_problems(resource, _new(resource, body)))


def changes_refused(
    cls: type, before: Mapping[str, Any], change: Mapping[str, Any], subresource: str = ""
) -> list[str]:
    """What a merge of ``change`` into the stored form of ``before`` would be refused for."""
    resource = resource_of(cls)
    old = created(cls, before)
    obj = decode_value(resource, merged(old, change)).value
    _default(resource, obj)
    resource.rules.prepare_update(obj, old, subresource)
    own = validate(resource.struct, obj) + list(resource.rules.validate(obj))
    of_change = [*validate_update(resource.struct, obj, old), *resource.rules.validate_update(obj, old, subresource)]
    return _shown(compiled(of_change + own if resource.rules.changes_first else own + of_change))


def merged(value: Any, change: Any) -> Any:
    """A JSON merge patch."""
    if not isinstance(change, Mapping) or not isinstance(value, Mapping):
        return copy.deepcopy(change)
    both = {key: merged(value.get(key), item) for key, item in change.items() if item is not None}
    return {key: copy.deepcopy(item) for key, item in value.items() if key not in change} | both


def cells(cls: type, obj: Mapping[str, Any]) -> dict[str, Any]:
    """What a Table shows of an object, by column (those with functions)."""
    from datetime import UTC, datetime

    now = datetime(2026, 1, 1, tzinfo=UTC)
    columns = resource_of(cls).columns
    return {each.name: each.cell(obj, now) for each in columns if not isinstance(each.cell, str)}


def _new(resource: Resource, body: Mapping[str, Any]) -> Wire:
    obj = decode_value(resource, body).value
    meta = obj.setdefault("metadata", {})
    meta.setdefault("name", "test")
    if resource.info.namespaced:
        meta.setdefault("namespace", "default")
    meta["creationTimestamp"] = "2026-01-01T00:00:00Z"
    _default(resource, obj)
    if resource.info.has_status and not resource.info.status_on_create:
        obj.pop("status", None)
        _default(resource, obj)
    resource.rules.prepare_create(obj)
    return obj


def _default(resource: Resource, obj: Wire) -> None:
    apply_defaults(resource.struct, obj)
    resource.rules.default(obj)


def _problems(resource: Resource, obj: Wire) -> list[Cause]:
    last, second = resource.rules.metadata_last, resource.rules.metadata_second
    of_metadata = validate_metadata(obj["metadata"], resource.info)
    causes = ([] if last or second else of_metadata) + validate(resource.struct, obj)
    causes += [*resource.rules.validate(obj), *(of_metadata if second else ()), *resource.rules.validate_create(obj)]
    return compiled(causes) or (of_metadata if last else [])


def _shown(causes: list[Cause]) -> list[str]:
    return [f"{cause.field}: {cause.message}" for cause in causes]
