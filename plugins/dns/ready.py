"""Answers that were given once, in bytes: by the question as it came, until a name that they look at changes.

A query that comes again costs one look into a dictionary. Clients choose the questions, so what is kept is bounded.
`messages` may be read at any time; the rest is the caller's to do one at a time.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from sampan.core.classes import define
from sampan.plugins.dns.wire import Sections

MOST_BYTES = 16 * 1024 * 1024
MOST_SECTIONS = 20_000
MOST_TURNS = 8
"""Orders of its records that an answer is kept in."""
Key = tuple[bytes, int]
"""A name on the wire, in lower case, and a type."""


@define
class _Kept:
    sections: Sections
    names: tuple[str, ...]
    questions: list[bytes] = attrs.field(factory=list)


class Ready:
    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.messages: dict[bytes, tuple[bytes, ...]] = {}
        """By a query without its number: the answers without theirs, in as many orders as there are."""
        self._kept: dict[Key, _Kept] = {}
        self._by_name: dict[str, set[Key]] = {}
        self._bytes = 0
        self._most_bytes = most_bytes

    def sections(self, key: Key) -> Sections | None:
        kept = self._kept.get(key)
        return kept.sections if kept is not None else None

    def keep(self, key: Key, sections: Sections, names: Iterable[str]) -> None:
        """``names``: those whose records, or whose being there, the answer depends on."""
        if len(self._kept) >= MOST_SECTIONS:
            self.clear()
        self._kept[key] = _Kept(sections, tuple(dict.fromkeys(names)))
        for name in self._kept[key].names:
            self._by_name.setdefault(name, set()).add(key)

    def keep_messages(self, key: Key, question: bytes, messages: tuple[bytes, ...]) -> None:
        """For as long as the sections of ``key`` are kept."""
        kept = self._kept.get(key)
        size = len(question) + sum(map(len, messages))
        if kept is None or question in self.messages or size > self._most_bytes:
            return
        if self._bytes + size > self._most_bytes:
            self.clear()
            return
        self._bytes += size
        self.messages[question] = messages
        kept.questions.append(question)

    def drop(self, names: Iterable[str]) -> None:
        """Whatever depends on one of these."""
        for key in {key for name in names for key in self._by_name.get(name, ())}:
            kept = self._kept.pop(key)
            for name in kept.names:
                keys = self._by_name[name]
                keys.discard(key)
                if not keys:
                    del self._by_name[name]
            for question in kept.questions:
                self._bytes -= len(question) + sum(map(len, self.messages.pop(question)))

    def clear(self) -> None:
        self.messages.clear()
        self._kept.clear()
        self._by_name.clear()
        self._bytes = 0
