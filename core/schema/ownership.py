"""Who owns which fields of an object: the entries of ``metadata.managedFields``.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management. Pure; read and written once per write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from sampan.core.classes import frozen
from sampan.core.schema.field_sets import FieldSet, readable, union

Operation = Literal["Apply", "Update"]
APPLY: Final = "Apply"
UPDATE: Final = "Update"
FIELDS_TYPE: Final = "FieldsV1"
MAX_UPDATERS: Final = 10
ANCIENT: Final = "ancient-changes"
"""Who stands for the oldest of more updaters than that."""


class Owner(NamedTuple):
    """Who an entry belongs to. An applier is the same in whichever version it applies, so its ``version`` is empty."""

    manager: str
    operation: str
    version: str
    subresource: str

    @property
    def applies(self) -> bool:
        return self.operation == APPLY


@frozen
class Entry:
    """One owner's fields as named in ``version``. ``time`` is when it last took any; empty where it never changed one."""

    fields: FieldSet
    version: str
    time: str


Entries = Mapping[Owner, Entry]


def owner_of(manager: str, operation: Operation, version: str, subresource: str) -> Owner:
    return Owner(manager, operation, "" if operation == APPLY else version, subresource)


def decode(managed: Iterable[Mapping[str, Any]]) -> dict[Owner, Entry]:
    """By owner, the last of several entries of one. Raises `ValueError` for entries that Kubernetes cannot read."""
    found: dict[Owner, Entry] = {}
    for place, each in enumerate(managed):
        operation, version, form = (each.get(word, "") for word in ("operation", "apiVersion", "fieldsType"))
        if operation not in (APPLY, UPDATE):
            raise ValueError("operation must be `Apply` or `Update`")
        if not version:
            raise ValueError("apiVersion must not be empty")
        if form != FIELDS_TYPE:
            said = f'invalid fieldsType "{form}"' if form else "missing fieldsType"
            raise ValueError(f"{said} in managed fields entry {place}")
        fields = readable(each.get("fieldsV1") or {})
        if fields is None:
            raise ValueError("error decoding set: it is not a tree of objects")
        owner = owner_of(each.get("manager", ""), operation, version, each.get("subresource", ""))
        found[owner] = Entry(fields, version, each.get("time", ""))
    return found


def encode(entries: Entries) -> list[dict[str, Any]]:
    """In Kubernetes' order: by operation, time and manager; owners of nothing are left out."""
    owners = [owner for owner, entry in entries.items() if entry.fields]
    owners.sort(key=lambda each: (each.operation, entries[each].time, each.manager, entries[each].version, each[3]))
    return [_encode_one(owner, entries[owner]) for owner in owners]


def _encode_one(owner: Owner, entry: Entry) -> dict[str, Any]:
    encoded = {
        "manager": owner.manager,
        "operation": owner.operation,
        "apiVersion": entry.version,
        "time": entry.time,
        "fieldsType": FIELDS_TYPE,
        "fieldsV1": entry.fields,
        "subresource": owner.subresource,
    }
    return {key: value for key, value in encoded.items() if value}


def capped(entries: Entries) -> Entries:
    """At most `MAX_UPDATERS` updaters: of the oldest, those of one version become one."""
    updaters = sorted((owner for owner in entries if not owner.applies), key=lambda each: (entries[each].time, each))
    surplus = len(updaters) - MAX_UPDATERS
    if surplus <= 0:
        return entries
    kept = dict(entries)
    buckets: dict[str, Owner] = {}
    for owner in updaters:
        if surplus <= 0:
            break
        entry, first = entries[owner], buckets.get(entries[owner].version)
        if first is None:
            buckets[entry.version] = owner
            continue
        before = kept.pop(first)
        del kept[owner]
        bucket = buckets[entry.version] = owner_of(ANCIENT, UPDATE, entry.version, "")
        kept[bucket] = Entry(union(before.fields, entry.fields), entry.version, entry.time)
        surplus -= 1
    return kept


def without_times(managed: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries to compare by all but their times."""
    return [{key: value for key, value in each.items() if key != "time"} for each in managed]
