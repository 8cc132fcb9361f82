"""Who wrote what: ``metadata.managedFields`` of every write.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management. What a write does to everybody's
fields is the schema's (`sampan.core.schema.apply`); here is who writes, what the kind does not let this write change,
and in which versions its objects are seen. Called by create, update and apply before admission, so that what plugins
add has no owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sampan.core.api.catalog import Served
from sampan.core.api.operations.alike import UNLIKE, fields_of_new
from sampan.core.api.operations.pipeline import Call, MutableWire, Wire
from sampan.core.api.options import WriteOptions
from sampan.core.api.storage import View
from sampan.core.classes import frozen
from sampan.core.schema.apply import Write
from sampan.core.schema.encode import ordered
from sampan.core.schema.field_sets import EMPTY, LEAF, FieldSet
from sampan.core.schema.filled import filled
from sampan.core.schema.granularity import NotAnItem
from sampan.core.schema.ownership import (
    APPLY,
    UPDATE,
    Entries,
    Entry,
    Operation,
    Owner,
    decode,
    encode,
    owner_of,
    without_times,
)
from sampan.core.schema.scalars import format_time
from sampan.core.schema.types import Struct, Type

STATUS: Final[FieldSet] = {"f:status": LEAF}


@frozen
class Writer:
    """Who writes, and how. An apply works its fields out together with the object: `track` leaves them alone."""

    manager: str
    operation: Operation = UPDATE
    subresource: str = ""

    @classmethod
    def of(cls, call: Call, options: WriteOptions, operation: Operation = UPDATE) -> Writer:
        return cls(options.manager or call.agent, operation, call.subresource)


@frozen
class ServedVersions:
    """The versions in which the objects of a kind are seen: its own, and for a view the stored one."""

    served: Served

    def type_of(self, version: str) -> Type | None:
        for each in (self.served.resource, self.served.storage.resource):
            if each.info.api_version == version:
                return each.struct
        return None

    def convert(self, obj: Wire, version: str) -> Wire:
        storage, own = self.served.storage, self.served.info.api_version
        if not isinstance(storage, View) or obj.get("apiVersion", own) == version:
            return obj
        return storage.from_stored(obj) if version == own else storage.to_stored(obj)


def track(
    served: Served, obj: MutableWire, old: Wire | None, writer: Writer, now: datetime, key: bytes = UNLIKE
) -> None:
    """Write ``obj``'s managedFields: what ``old`` had, changed by what this write changes.

    ``key`` is that of a new object and those alike (`alike`).
    """
    if writer.operation == APPLY:
        return
    meta = obj["metadata"]
    given = meta.pop("managedFields", None)
    try:
        entries = (
            first_entries(served, obj, writer, now, key)
            if old is None
            else changed(served, obj, old, given, writer, now)
        )
    except NotAnItem:
        return  # nobody owns what cannot be told apart
    if encoded := encode(entries):
        meta["managedFields"] = encoded


def first_entries(served: Served, obj: Wire, writer: Writer, now: datetime, key: bytes) -> Entries:
    """Of an object that ``writer`` creates."""
    struct = served.resource.struct

    def find() -> FieldSet:
        return write_of(served, writer, empty_object(struct, obj), obj, now).fields_of_new(whole(served, obj))

    fields = fields_of_new(struct, key, find)
    return {_owner(served, writer): Entry(fields, served.info.api_version, format_time(now))}


def _owner(served: Served, writer: Writer) -> Owner:
    return owner_of(writer.manager or "unknown", writer.operation, served.info.api_version, writer.subresource)


def changed(served: Served, obj: Wire, old: Wire, given: Any, writer: Writer, now: datetime) -> Entries:
    """Of an object that ``writer`` makes of ``old``; none where a client has wiped it all, until somebody applies."""
    entries = present(given, old, writer.subresource)
    if not entries:
        return {}
    write = write_of(served, writer, old, obj, now)
    return write.updated(without_managed(old), whole(served, obj), entries)


def whole(served: Served, obj: Wire) -> Wire:
    """With what Kubernetes always writes, which belongs to whoever writes the object."""
    return obj if served.resource.custom else filled(served.resource.struct, obj)


def write_of(served: Served, writer: Writer, old: Wire, obj: Wire, now: datetime) -> Write:
    version = served.info.api_version
    return Write(
        owner=_owner(served, writer),
        version=version,
        time=format_time(now),
        versions=ServedVersions(served),
        empty=empty_object(served.resource.struct, obj),
        ignored=ignored(served, obj, old, writer.subresource),
    )


def empty_object(struct: Struct, like: Wire) -> Wire:
    """The object that nothing has been written to: what Kubernetes always writes is there already."""
    empty: Wire | None = struct.compiled.get("empty")
    if empty is None:
        empty = struct.compiled["empty"] = {"metadata": {}} | ordered(struct, {})
    return {**empty, "kind": like.get("kind"), "apiVersion": like.get("apiVersion")}


def without_managed(obj: Wire) -> Wire:
    meta = obj.get("metadata") or {}
    if "managedFields" not in meta:
        return obj
    return {**obj, "metadata": {key: value for key, value in meta.items() if key != "managedFields"}}


def present(given: Any, old: Wire, subresource: str) -> Entries:
    """The entries to go on from: the client's, where it sends some, else the stored ones; none after a reset (``[{}]``)."""
    if not subresource and given is not None:
        if given in ([], [{}]):
            return {}
        if entries := read_entries(given):
            return entries
    return read_entries(old["metadata"].get("managedFields") or ())


def read_entries(managed: Sequence[Mapping[str, Any]]) -> Entries:
    """None where they cannot be read, as Kubernetes does."""
    try:
        return decode(managed)
    except ValueError:
        return {}


def ignored(served: Served, obj: Wire, old: Wire, subresource: str) -> FieldSet:
    """What a write of this subresource cannot change, whatever it says ("reset fields")."""
    if (own := served.info.rules.resets.get(subresource)) is not None:
        return own
    if not served.info.has_status:
        return EMPTY
    if subresource == "status":
        return {f"f:{field}": LEAF for field in {*obj, *old} - {"metadata", "status"}}
    return STATUS


def keep_times(obj: MutableWire, old: Wire) -> None:
    """Give a write that changes nothing but the times of its entries the old ones: then it changes nothing at all."""
    managed, before = (each["metadata"].get("managedFields") for each in (obj, old))
    if not managed or not before or managed == before or without_times(managed) != without_times(before):
        return
    if without_managed(obj) == without_managed(old):
        obj["metadata"]["managedFields"] = before
