"""Who wrote what: ``metadata.managedFields`` of plain writes (creates, updates, patches).

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management. A writer takes the fields that it adds
or changes from everybody else, and fields that are gone belong to nobody. Server-side apply, which adds entries of its own
sort, builds on the same sets. Called by create and update before admission, so that what plugins add has no owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import MutableWire, Wire
from sampan.core.schema.encode import ordered
from sampan.core.schema.field_sets import FieldSet, Path, compare, from_fields, to_fields
from sampan.core.schema.scalars import format_time

UPDATE: Final = "Update"
FIELDS_TYPE: Final = "FieldsV1"
UNOWNED: Final = frozenset(
    {("f:kind",), ("f:apiVersion",)}
    | {
        ("f:metadata", f"f:{field}")
        for field in (
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields",
            "resourceVersion",
        )
    }
)  # fmt: skip
"""What belongs to the server, or to the object's identity."""

Owner = tuple[str, str, str, str]
"""Manager, operation, apiVersion, subresource."""


@attrs.frozen
class Entry:
    """One owner's fields, and when it last took any."""

    fields: FieldSet
    time: str


def track(
    served: Served, obj: MutableWire, old: Wire | None, manager: str, now: datetime, subresource: str = ""
) -> None:
    """Write ``obj``'s managedFields: what ``old`` had, changed by what this write changes."""
    meta = obj["metadata"]
    given = meta.pop("managedFields", None)
    if old is None:
        entries: dict[Owner, Entry] = {}
    else:
        entries = decode(present(given, old, subresource))
        if not entries:
            return  # a client has wiped it all: nobody counts until somebody applies
    before = ordered(served.resource.struct, {}) if old is None else old
    difference = compare(served.resource.struct, before, obj, ignored(served, obj, before, subresource))
    taken = _owned(difference.taken)
    lost = taken | difference.removed
    kept = {owner: attrs.evolve(entry, fields=entry.fields - lost) for owner, entry in entries.items()}
    owner = (manager, UPDATE, served.info.api_version, subresource)
    if taken:
        own = kept[owner].fields if owner in kept else frozenset()
        if owner in entries:
            own = entries[owner].fields - difference.removed
        kept[owner] = Entry(own | taken, format_time(now))
    if encoded := encode(kept):
        meta["managedFields"] = encoded


def present(given: Any, old: Wire, subresource: str) -> Sequence[Mapping[str, Any]]:
    """The entries to go on from: the client's, where it sends some, else the stored ones; none after a reset (``[{}]``)."""
    stored: Sequence[Mapping[str, Any]] = old["metadata"].get("managedFields") or ()
    if given == [{}]:
        return ()
    return stored if not given or subresource else given


def ignored(served: Served, obj: Wire, old: Wire, subresource: str) -> frozenset[Path]:
    """What a write of this subresource cannot change, whatever it says."""
    if not served.info.has_status:
        return UNOWNED
    if subresource == "status":
        return UNOWNED | {(f"f:{field}",) for field in {*obj, *old} - {"metadata", "status"}}
    return UNOWNED | {("f:status",)}


def _owned(fields: FieldSet) -> FieldSet:
    return fields - {("f:metadata",)}


def decode(entries: Sequence[Mapping[str, Any]]) -> dict[Owner, Entry]:
    """By owner; entries of one owner are joined."""
    found: dict[Owner, Entry] = {}
    for each in entries:
        words = ("manager", "operation", "apiVersion", "subresource")
        manager, operation, version, subresource = (each.get(word, "") for word in words)
        owner = (manager, operation, version, subresource)
        fields = from_fields(each.get("fieldsV1") or {})
        if owner in found:
            fields |= found[owner].fields
        found[owner] = Entry(fields, each.get("time", ""))
    return found


def encode(entries: Mapping[Owner, Entry]) -> list[dict[str, Any]]:
    """In Kubernetes' order: by operation, time and manager; owners of nothing are left out."""
    owners = [owner for owner, entry in entries.items() if entry.fields]
    owners.sort(key=lambda owner: (owner[1], entries[owner].time, owner[0], owner[2], owner[3]))
    return [_encode_one(owner, entries[owner]) for owner in owners]


def _encode_one(owner: Owner, entry: Entry) -> dict[str, Any]:
    manager, operation, version, subresource = owner
    encoded = {
        "manager": manager,
        "operation": operation,
        "apiVersion": version,
        "time": entry.time,
        "fieldsType": FIELDS_TYPE,
        "fieldsV1": to_fields(entry.fields),
        "subresource": subresource,
    }
    return {key: value for key, value in encoded.items() if value}
