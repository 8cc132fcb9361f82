"""The simplest thing that keeps the store contract: a list of writes.

`StoreContract` plays the same stories to it and to a store.
"""

from __future__ import annotations

from typing import Literal

import attrs
from hypothesis import strategies as st

from sampan.core.classes import define, frozen
from sampan.core.errors import AlreadyExists, ApiError, Conflict, NotFound
from sampan.core.store.contract import KeyValue, StoreEvent

KEYS = ("/a", "/a/x", "/a/y", "/a0", "/b/x", "/b/ü")
PREFIXES = ("/", "/a", "/a/", "/b/", "/nothing/")


@frozen
class Step:
    """One call. ``off`` says how far from the right one the revision is that the caller expects (or compacts to)."""

    verb: Literal["create", "update", "delete", "compact"]
    key: str
    value: bytes
    off: int


def steps() -> st.SearchStrategy[Step]:
    """Mostly calls that succeed."""
    verbs = st.sampled_from(["create"] * 4 + ["update"] * 4 + ["delete"] * 3 + ["compact"])
    offsets = st.sampled_from([0, 0, 0, 0, -1, 1])
    return st.builds(Step, verbs, st.sampled_from(KEYS), st.binary(max_size=3), offsets)


@define
class StoreModel:
    """Replays all writes for each question."""

    writes: list[StoreEvent] = attrs.field(factory=list)
    compacted: int = 1
    asked: int = 0
    """The revision that the latest step names."""

    @property
    def revision(self) -> int:
        return self.writes[-1].revision if self.writes else 1

    def apply(self, step: Step) -> KeyValue | type[ApiError] | None:
        """What the store should answer: a value, or the class of the error it raises."""
        if step.verb == "compact":
            self.asked = self.revision // 2 + step.off
            self.compacted = max(self.compacted, min(self.asked, self.revision))
            return None
        current = {item.key: item for item in self.items_at(self.revision, "")}.get(step.key)
        self.asked = (current.revision if current else self.revision) + step.off
        if step.verb == "create":
            return AlreadyExists if current else self._write("put", step.key, step.value, None)
        if current is None:
            return NotFound
        if self.asked != current.revision:
            return Conflict
        if step.verb == "update":
            return self._write("put", step.key, step.value, current)
        return self._write("delete", step.key, current.value, current)

    def items_at(self, revision: int, prefix: str) -> list[KeyValue]:
        items: dict[str, KeyValue] = {}
        for event in self.writes:
            if event.revision <= revision:
                items.pop(event.item.key, None)
                if event.type == "put":
                    items[event.item.key] = event.item
        return [items[key] for key in sorted(items, key=str.encode) if key.startswith(prefix)]

    def events_after(self, revision: int, prefix: str) -> list[StoreEvent]:
        return [event for event in self.writes if event.revision > revision and event.item.key.startswith(prefix)]

    def _write(self, verb: Literal["put", "delete"], key: str, value: bytes, previous: KeyValue | None) -> KeyValue:
        revision = self.revision + 1
        item = KeyValue(key, value, created=previous.created if previous else revision, revision=revision)
        self.writes.append(StoreEvent(verb, item, previous))
        return item
