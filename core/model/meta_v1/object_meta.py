"""``ObjectMeta`` and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.meta import EMPTY, RawJson, model, wire


@model
class OwnerReference:
    __map_type__ = "atomic"

    api_version: str = wire(required=True)
    kind: str = wire(required=True)
    name: str = wire(required=True)
    uid: str = wire(required=True)
    controller: bool | None = None
    block_owner_deletion: bool | None = None


@model
class ManagedFieldsEntry:
    manager: str | None = None
    operation: str | None = None
    api_version: str | None = None
    time: datetime | None = None
    fields_type: str | None = None
    fields_v1: RawJson = wire(default=None, name="fieldsV1")
    subresource: str | None = None


@model
class ObjectMeta:
    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    self_link: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = wire(default=None, format="int64", keep_zero=False)
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: int | None = wire(default=None, format="int64")
    labels: Mapping[str, str] = EMPTY
    annotations: Mapping[str, str] = EMPTY
    owner_references: tuple[OwnerReference, ...] = wire(
        default=(), list_type="map", map_keys=("uid",), merge_key="uid", patch_strategy=("merge",)
    )
    finalizers: tuple[str, ...] = wire(default=(), list_type="set", patch_strategy=("merge",))
    managed_fields: tuple[ManagedFieldsEntry, ...] = wire(default=(), list_type="atomic")
