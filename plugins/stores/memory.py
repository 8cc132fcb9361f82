"""The `memory` store: a sorted map and its recent history in this process; gone when the process ends.

For tests, and for clusters that nobody will miss. A write is acknowledged as soon as it can be read; nothing is durable.
Everything runs on the caller's event loop, and no call ever waits.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from sampan.core.errors import AlreadyExists, ServiceUnavailable
from sampan.core.store.checks import check_expected, check_readable
from sampan.core.store.contract import KeyValue, Listing, Store, StoreEvent
from sampan.core.store.feed import WATCH_BACKLOG, Feed
from sampan.core.store.history import HistoryPolicy
from sampan.core.store.keys import key_range


def open_memory(url: str = "memory:") -> Store:
    """The factory behind ``--store memory:``; each call makes a store of its own."""
    return MemoryStore()


class MemoryStore:
    """See `sampan.core.store.contract.Store` for the promises."""

    def __init__(
        self,
        *,
        history: HistoryPolicy | None = None,
        backlog: int = WATCH_BACKLOG,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._items: dict[str, KeyValue] = {}
        self._keys: list[str] = []
        self._log: list[StoreEvent] = []
        self._compacted = 0
        self._replaced = 0
        self._feed = Feed(1, backlog=backlog)
        self._policy = history or HistoryPolicy()
        self._clock = clock
        self._closed = False

    async def revision(self) -> int:
        return self._feed.revision

    async def get(self, key: str) -> KeyValue | None:
        return self._items.get(key)

    async def list(self, prefix: str, *, start_after: str = "", limit: int = 0, revision: int | None = None) -> Listing:
        latest = self._feed.revision
        if revision is None or revision == latest:
            items, keys, revision = self._items, self._keys, latest
        else:
            check_readable(revision, compacted=self._compacted, latest=latest)
            items = self._items_at(revision)
            keys = sorted(items)
        found = keys[key_range(keys, prefix, start_after)]
        page = found[:limit] if limit else found
        return Listing([items[key] for key in page], revision, len(found) - len(page))

    async def create(self, key: str, value: bytes) -> KeyValue:
        self._check_open()
        if key in self._items:
            raise AlreadyExists(f'key "{key}" already exists')
        revision = self._feed.revision + 1
        item = KeyValue(key, value, created=revision, revision=revision)
        self._items[key] = item
        insort(self._keys, key)
        self._record(StoreEvent("put", item, None))
        return item

    async def update(self, key: str, value: bytes, expected: int) -> KeyValue:
        self._check_open()
        previous = check_expected(key, self._items.get(key), expected)
        item = KeyValue(key, value, created=previous.created, revision=self._feed.revision + 1)
        self._items[key] = item
        self._record(StoreEvent("put", item, previous))
        return item

    async def delete(self, key: str, expected: int) -> KeyValue:
        self._check_open()
        previous = check_expected(key, self._items.get(key), expected)
        item = KeyValue(key, previous.value, created=previous.created, revision=self._feed.revision + 1)
        del self._items[key]
        del self._keys[bisect_left(self._keys, key)]
        self._record(StoreEvent("delete", item, previous))
        return item

    def watch(self, prefix: str, from_revision: int) -> AbstractAsyncContextManager[AsyncIterator[StoreEvent]]:
        async def read(after: int, until: int) -> tuple[Sequence[StoreEvent], int]:
            check_readable(after, compacted=self._compacted)
            events = self._log[self._position(after) : self._position(until)]
            return [event for event in events if event.item.key.startswith(prefix)], until

        return self._feed.watch(prefix, from_revision, read)

    async def check_room(self) -> None:
        """Nothing bounds it but the process's memory."""

    async def compact(self, revision: int) -> None:
        self._compact(min(revision, self._feed.revision))

    async def close(self) -> None:
        self._closed = True
        self._feed.close()

    def _record(self, event: StoreEvent) -> None:
        self._log.append(event)
        self._feed.publish(event)
        self._replaced += len(event.previous.value) if event.previous else 0
        target = self._policy.due(self._clock(), event.revision, self._compacted, self._replaced)
        if target is not None:
            self._compact(target)

    def _compact(self, revision: int) -> None:
        if revision > self._compacted:
            self._compacted = revision
            self._replaced = 0
            del self._log[: self._position(revision)]

    def _items_at(self, revision: int) -> dict[str, KeyValue]:
        """The map as it was: the present one with later writes undone."""
        items = dict(self._items)
        for event in reversed(self._log[self._position(revision) :]):
            if event.previous is None:
                del items[event.item.key]
            else:
                items[event.item.key] = event.previous
        return items

    def _position(self, revision: int) -> int:
        """Where in the log the events after ``revision`` start."""
        return bisect_right(self._log, revision, key=lambda event: event.revision)

    def _check_open(self) -> None:
        if self._closed:
            raise ServiceUnavailable("the store is closed")
