"""Server-side apply and the ownership of fields: what a write does to an object and to everybody's fields.

https://kubernetes.io/docs/reference/using-api/server-side-apply/, with the rules of sigs.k8s.io/structured-merge-diff
and of Kubernetes' field managers. A plain write takes the fields that it adds or changes from everybody else. An apply
says all that its manager wants: it conflicts with the others' fields that it would change, and removes what it applied
before, applies no more and nobody else owns. Pure: the API server calls it inside of its retry loop; nothing of its
arguments is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import attrs

from sampan.core.classes import define, frozen
from sampan.core.schema.applied import applied_fields, listed, problems, reconciled, with_named_fields
from sampan.core.schema.comparison import Difference, compare
from sampan.core.schema.field_sets import (
    EMPTY,
    FieldSet,
    difference,
    intersection,
    set_of,
    union,
    without,
)
from sampan.core.schema.ownership import UPDATE, Entries, Entry, Owner, capped, owner_of
from sampan.core.schema.structured_merge import merge, remove
from sampan.core.schema.types import Type

Wire = Mapping[str, Any]

BEFORE_FIRST_APPLY: Final = "before-first-apply"
"""Who owns what was there before anybody owned anything."""
NEVER_OWNED: Final = set_of(
    ("f:kind",), ("f:apiVersion",), ("f:metadata",),
    *(
        ("f:metadata", f"f:{field}")
        for field in (
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
            "resourceVersion",
        )
    ),
)  # fmt: skip
"""What belongs to the server, or to the object's identity."""


class Versions(Protocol):
    """The versions in which the objects of a kind can be seen."""

    def type_of(self, version: str) -> Type | None:
        """``None`` for a version that there is not (any more): its owners are forgotten."""
        ...

    def convert(self, obj: Wire, version: str) -> Wire:
        """An object of any of the versions in another one."""
        ...


class Conflicts(Exception):
    """What others own of the fields that an apply would change."""

    def __init__(self, found: Mapping[Owner, FieldSet]) -> None:
        super().__init__("the applied configuration conflicts with other managers")
        self.found = found


class NotApplicable(Exception):
    """A configuration that is no part of an object of its kind."""


@frozen(kw_only=True)
class Write:
    """One write of an object: by whom, in which version, and what it resets whatever it says."""

    owner: Owner
    version: str
    time: str
    versions: Versions
    empty: Wire
    """The object that nothing has been written to."""
    ignored: FieldSet = EMPTY

    def updated(self, live: Wire, wanted: Wire, entries: Entries) -> Entries:
        """Everybody's fields after a plain write. ``live`` is `empty` where the write creates the object."""
        seen = _Seen(self, live, wanted)
        kept = dict(_after(seen, self._reconciled(live, entries), seen.conflicts(entries)))
        if taken := seen.taken:
            before = kept.get(self.owner)
            fields = taken if before is None else union(taken, before.fields)
            kept[self.owner] = Entry(fields, self.version, self.time)
        return capped({owner: entry for owner, entry in kept.items() if entry.fields})

    def fields_of_new(self, wanted: Wire) -> FieldSet:
        """What the writer owns of an object that it creates."""
        return _Seen(self, self.empty, wanted).taken

    def applied(self, live: Wire, config: Wire, entries: Entries, *, force: bool) -> tuple[Wire | None, Entries]:
        """The object that ``config`` makes of ``live`` (``None`` where that is the same), and everybody's fields.

        Raises `Conflicts` and `NotApplicable`.
        """
        kind = self._type()
        if found := list(problems(kind, config)):
            raise NotApplicable(listed(found))
        if not entries:
            entries = self.before_first(live)
        entries = self._reconciled(live, entries)
        fields = without(applied_fields(kind, config), self.ignored)
        owned = {**entries, self.owner: Entry(fields, self.version, "")}
        wanted = self._pruned(merge(kind, live, config), entries.get(self.owner), owned)
        seen = _Seen(self, live, wanted)
        others = {owner: entry for owner, entry in entries.items() if owner != self.owner}
        conflicts = seen.conflicts(others)
        if conflicts and not force:
            raise Conflicts(conflicts)
        kept = dict(_after(seen, others, conflicts))
        same = wanted == live
        before = entries.get(self.owner)
        time = (before.time if before else "") if same else self.time
        kept[self.owner] = Entry(difference(fields, NEVER_OWNED), self.version, time)
        return None if same else wanted, {owner: entry for owner, entry in kept.items() if entry.fields}

    def before_first(self, live: Wire) -> Entries:
        """The entries to begin with where an object has none: all that is there has one owner."""
        owner = owner_of(BEFORE_FIRST_APPLY, UPDATE, self.version, self.owner.subresource)
        return attrs.evolve(self, owner=owner).updated(self.empty, live, {})

    def _type(self) -> Type:
        kind = self.versions.type_of(self.version)
        assert kind is not None, "a write is made in a version that is served"
        return kind

    def _reconciled(self, live: Wire, entries: Entries) -> Entries:
        """Entries in versions that there are, with what has become atomic owned as a whole."""
        kept: dict[Owner, Entry] = {}
        for owner, entry in entries.items():
            kind = self.versions.type_of(entry.version)
            if kind is not None:
                fields = reconciled(kind, entry.fields)
                kept[owner] = entry if fields is entry.fields else attrs.evolve(entry, fields=fields)
        return kept

    def _pruned(self, merged: Wire, last: Entry | None, entries: Entries) -> Wire:
        """``merged`` without what the manager applied last time, applies no more, and nobody owns."""
        kind = None if last is None else self.versions.type_of(last.version)
        if last is None or kind is None or not last.fields:
            return merged
        whole = self.versions.convert(merged, last.version)
        pruned = remove(kind, whole, with_named_fields(kind, last.fields))
        pruned = self._with_owned(whole, pruned, last.version, entries)
        here = with_named_fields(kind, applied_fields(kind, whole))
        gone = difference(here, with_named_fields(kind, applied_fields(kind, pruned)))
        left = remove(kind, whole, intersection(gone, with_named_fields(kind, last.fields)))
        return self.versions.convert(left, self.version)

    def _with_owned(self, whole: Wire, pruned: Wire, version: str, entries: Entries) -> Wire:
        """What was pruned with the rest, though somebody owns it, is put back."""
        by_version: dict[str, FieldSet] = {version: EMPTY}
        for entry in entries.values():
            by_version[entry.version] = union(by_version.get(entry.version, EMPTY), entry.fields)
        at = version
        for its_version, owned in by_version.items():
            kind = self.versions.type_of(its_version)
            if kind is None:
                continue
            whole, pruned = (self.versions.convert(each, its_version) for each in (whole, pruned))
            at = its_version
            here = with_named_fields(kind, applied_fields(kind, whole))
            kept = union(with_named_fields(kind, applied_fields(kind, pruned)), with_named_fields(kind, owned))
            pruned = remove(kind, whole, difference(here, kept))
        return pruned if at == version else self.versions.convert(pruned, version)


@define
class _Seen:
    """A change of an object, as each version shows it."""

    write: Write
    live: Wire
    wanted: Wire
    _by_version: dict[str, Difference] = attrs.field(factory=dict)

    def in_version(self, version: str) -> Difference:
        found = self._by_version.get(version)
        if found is None:
            versions = self.write.versions
            kind = versions.type_of(version)
            assert kind is not None, "owners in versions that there are not have been forgotten"
            live, wanted = self.live, self.wanted
            if version != self.write.version:
                live, wanted = versions.convert(live, version), versions.convert(wanted, version)
            found = compare(kind, live, wanted).leaving_out(self.write.ignored)
            self._by_version[version] = found
        return found

    @property
    def taken(self) -> FieldSet:
        """What the writer owns by having made the change."""
        return difference(self.in_version(self.write.version).taken, NEVER_OWNED)

    def conflicts(self, entries: Entries) -> Mapping[Owner, FieldSet]:
        """What others own of that which has changed."""
        found: dict[Owner, FieldSet] = {}
        for owner, entry in entries.items():
            if self.write.versions.type_of(entry.version) is not None:
                fields = intersection(entry.fields, self.in_version(entry.version).taken)
                if fields:
                    found[owner] = fields
        return found


def _after(seen: _Seen, entries: Entries, conflicts: Mapping[Owner, FieldSet]) -> Entries:
    """Without what has been taken from its owners, and without what is gone."""
    kept: dict[Owner, Entry] = {}
    for owner, entry in entries.items():
        lost = union(conflicts.get(owner, EMPTY), seen.in_version(entry.version).removed)
        kept[owner] = attrs.evolve(entry, fields=difference(entry.fields, lost)) if lost else entry
    return kept
