"""What the watch cache holds and hands out: objects as bytes, decoded at most once, and changes to them.

Shared by every request and every in-process reader of the API server's loop, so nobody may change what these hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, cast

import orjson

from sampan.core.store.contract import KeyValue, StoreEvent

T = TypeVar("T")

Finish = Callable[[bytes, int], bytes]
"""(stored value, revision) → the bytes to serve: the value with its ``resourceVersion``."""

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]

_UNMADE: Any = object()


class Entry:
    """One object at one revision. ``raw`` is what a GET answers; the decoded forms are made when first asked for."""

    __slots__ = ("_before", "_typed", "_wire", "created", "key", "raw", "revision")

    def __init__(self, key: str, raw: bytes, *, created: int, revision: int) -> None:
        self.key = key
        self.raw = raw
        self.created = created
        self.revision = revision
        self._wire: Any = _UNMADE
        self._typed: Any = _UNMADE
        self._before: Entry | None = None

    @classmethod
    def of(cls, item: KeyValue, finish: Finish) -> Entry:
        return cls(item.key, finish(item.value, item.revision), created=item.created, revision=item.revision)

    def __repr__(self) -> str:
        return f"Entry({self.key!r}, revision={self.revision})"

    @property
    def wire(self) -> Mapping[str, Any]:
        """The object as decoded JSON."""
        if self._wire is _UNMADE:
            self._wire = orjson.loads(self.raw)
        return cast(Mapping[str, Any], self._wire)

    def copy(self) -> dict[str, Any]:
        """The same, for the caller to change."""
        copied: dict[str, Any] = orjson.loads(self.raw)
        return copied

    def follows(self, before: Entry) -> None:
        """``before`` was the object until this entry: most parts of its typed form will do for this one too."""
        if before._typed is not _UNMADE and self._typed is _UNMADE:
            self._before = before

    def typed(
        self,
        make: Callable[[Mapping[str, Any]], T],
        remake: Callable[[Mapping[str, Any], Mapping[str, Any], T], T] | None = None,
    ) -> T:
        """``make(wire)``, called at most once: all callers for one kind pass the same functions.

        ``remake(wire, wire before, object before)`` gives the same where there is an object to begin with.
        """
        if self._typed is _UNMADE:
            before, self._before = self._before, None  # nothing is kept for longer than it is of use
            if before is None or remake is None:
                self._typed = make(self.wire)
            else:
                self._typed = remake(self.wire, before.wire, before._typed)
        return cast(T, self._typed)


Matches = Callable[[Entry], bool]
"""A selector: pure, and cheap once the entry is decoded."""


class WatchEvent:
    """What one watch shows. Watches that show the same thing share one event, and so its encoding."""

    __slots__ = ("_encoded", "entry", "initial_end", "revision", "type")

    def __init__(self, type: EventType, entry: Entry | None, revision: int, *, initial_end: bool = False) -> None:
        self.type = type
        self.entry = entry
        """The object; ``None`` for a bookmark, whose body depends on the kind that was asked for (`bookmark`)."""
        self.revision = revision
        self.initial_end = initial_end
        """For a bookmark: it ends the initial events."""
        self._encoded: bytes | None = None

    def __repr__(self) -> str:
        return f"WatchEvent({self.type}, {self.entry!r}, {self.revision})"

    @property
    def encoded(self) -> bytes:
        """The line to send, made once. Bookmarks have none: see `bookmark`."""
        if self._encoded is None:
            if self.entry is None:
                raise ValueError("a bookmark is encoded for the kind that is watched")
            self._encoded = encode_event(self.type, self.entry.raw)
        return self._encoded


def encode_event(type: EventType, raw: bytes) -> bytes:
    """One line of a watch's response."""
    return b'{"type":"%b","object":%b}\n' % (type.encode(), raw)


def bookmark(event: WatchEvent, api_version: str, kind: str) -> bytes:
    """A bookmark as an object of the watched kind that has only a resourceVersion.

    https://kubernetes.io/docs/reference/using-api/api-concepts/#watch-bookmarks
    """
    metadata: dict[str, Any] = {"resourceVersion": str(event.revision)}
    if event.initial_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return orjson.dumps({"kind": kind, "apiVersion": api_version, "metadata": metadata})


class Change:
    """One write, as each selection sees it."""

    __slots__ = ("_deleted", "_finish", "_seen", "_stored_before", "entry", "previous")

    def __init__(self, event: StoreEvent, entry: Entry, previous: Entry | None, finish: Finish) -> None:
        self.entry = entry
        """The new state; for a delete the last one, at the revision of the delete."""
        self.previous = previous
        if previous is not None:
            entry.follows(previous)
        self._deleted = event.type == "delete"
        self._stored_before = event.previous
        self._finish = finish
        self._seen: dict[EventType, WatchEvent] = {}

    @classmethod
    def of(cls, event: StoreEvent, finish: Finish) -> Change:
        """A change out of the store's history."""
        previous = None if event.previous is None else Entry.of(event.previous, finish)
        return cls(event, Entry.of(event.item, finish), previous, finish)

    @property
    def revision(self) -> int:
        return self.entry.revision

    def seen(self, matches: Matches | None) -> WatchEvent | None:
        """What a watch with this selector shows; ``None`` where the object was outside and stays there.

        As in Kubernetes, an object that enters a selection is ADDED to it, and one that leaves is DELETED from it.
        """
        before = self.previous is not None and (matches is None or matches(self.previous))
        after = not self._deleted and (matches is None or matches(self.entry))
        if after:
            return self._event("MODIFIED" if before else "ADDED")
        return self._event("DELETED") if before else None

    def _event(self, type: EventType) -> WatchEvent:
        event = self._seen.get(type)
        if event is None:
            entry = self._last_matching() if type == "DELETED" else self.entry
            event = self._seen[type] = WatchEvent(type, entry, self.revision)
        return event

    def _last_matching(self) -> Entry:
        """The state before this change, at the revision of this change."""
        if self._deleted or self._stored_before is None:
            return self.entry
        before = self._stored_before
        raw = self._finish(before.value, self.revision)
        return Entry(before.key, raw, created=before.created, revision=self.revision)
