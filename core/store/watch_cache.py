"""The watch cache: everything below one prefix (one resource), ready to be sent.

GET, LIST and WATCH are answered from here in the API server, and in-process informers watch here too. It lives on the API
server's loop, which is why it needs no locks: between two awaits nothing changes. A `Follower` feeds it.

Reads are as new as the last acknowledged write once `fresh` has returned, which is Kubernetes' "most recent" semantics:
https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
"""

from __future__ import annotations

import logging
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Protocol

from sampan.core.classes import define
from sampan.core.errors import Expired
from sampan.core.store.checks import check_readable
from sampan.core.store.contract import History, KeyValue, Listing, StoreEvent
from sampan.core.store.entry import Change, Entry, Finish, Matches, WatchEvent
from sampan.core.store.follower import FRESH_TIMEOUT, Sink
from sampan.core.store.keys import folders, key_range
from sampan.core.store.pages import Page, cut_page
from sampan.core.store.watcher import Watcher

RECENT_CHANGES = 1_000
"""Changes kept for watches that start at a recent resourceVersion; older ones are read from the store."""
WATCHER_BACKLOG = 1_000
"""Events that a watcher may be behind before it is closed."""
RECENT_BYTES = 64 * 1024 * 1024
"""The same, for large objects: what is kept of the changes themselves."""
JOINED_LISTS = 32
"""Whole lists (mostly of namespaces) whose bytes are kept until something below them changes."""


_log = logging.getLogger(__name__)

Join = Callable[[Sequence[Entry]], bytes]


def join_whole(entries: Sequence[Entry]) -> bytes:
    """Entries as the items of a list, each as it is."""
    return b",".join([entry.raw for entry in entries])


@define(eq=False)
class Joined:
    """A whole list's items, and their compressed form once somebody has made it."""

    raw: bytes
    deflated: bytes | None = None


class Supply(Protocol):
    """What keeps a cache up to date: the follower of the store, or a computation."""

    @property
    def revision(self) -> int: ...

    @property
    def history(self) -> History: ...

    async def add(self, sink: Sink) -> None: ...

    def remove(self, sink: Sink) -> None: ...

    async def wait_until(self, revision: int, timeout: float) -> None: ...

    async def check_kept(self, revision: int) -> None:
        """Raises `Expired` where the source has forgotten what there was at ``revision``."""
        ...


class WatchCache:
    """``prefix`` ends in a slash (``/registry/pods/``). All keys and scopes given to its methods lie below it."""

    def __init__(
        self,
        supply: Supply,
        prefix: str,
        *,
        finish: Finish,
        join: Join = join_whole,
        recent: int = RECENT_CHANGES,
        backlog: int = WATCHER_BACKLOG,
    ) -> None:
        self.prefix = prefix
        self._supply = supply
        self._finish = finish
        self._join = join
        self._backlog = backlog
        self._entries: dict[str, Entry] = {}
        self._damaged: dict[str, KeyValue] = {}
        self._keys: list[str] = []
        self._loaded = 0
        self._changed = 0
        self._recent: deque[Change] = deque()
        self._recent_limit = recent
        self._recent_bytes = 0
        self._recent_after = 0  # every change after this revision is in _recent
        self._watchers: dict[str, dict[Watcher, None]] = {}
        self._joined: dict[str, Joined] = {}

    async def start(self) -> None:
        """Load; from then on the cache follows the store."""
        await self._supply.add(self)

    def close(self) -> None:
        """Let all watches end. Idempotent."""
        self._supply.remove(self)
        for watcher in self._all_watchers():
            watcher.finish()
        self._watchers.clear()

    # Reading

    @property
    def revision(self) -> int:
        """The store's revision that this cache has reached: the ``resourceVersion`` of a list."""
        return max(self._loaded, self._supply.revision)

    @property
    def changed(self) -> int:
        """The revision of the last change of what is below the prefix."""
        return self._changed

    async def wait_until(self, revision: int, timeout: float = FRESH_TIMEOUT) -> None:
        """Until the cache has reached ``revision``. Raises `Timeout` after ``timeout`` seconds."""
        if self.revision < revision:
            await self._supply.wait_until(revision, timeout)

    async def fresh(self) -> None:
        """Until the cache shows every write that has been acknowledged so far."""
        await self.wait_until(await self._supply.history.revision())

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    @property
    def damaged(self) -> Mapping[str, KeyValue]:
        """By key: what is in the store and cannot be read. No read shows it; it is there to be named and removed."""
        return self._damaged

    def list(self, prefix: str | None = None) -> Sequence[Entry]:
        """Everything below ``prefix`` (default: everything), in the order of keys."""
        return [self._entries[key] for key in self._keys[key_range(self._keys, prefix or self.prefix)]]

    def joined(self, prefix: str | None = None, limit: int = 0) -> Joined | None:
        """The ``items`` of `list` as ``join`` writes them; kept until something below ``prefix`` changes.

        ``None`` where they have more than ``limit`` bytes (0: whatever they have).
        """
        prefix = prefix or self.prefix
        joined = self._joined.pop(prefix, None)
        if joined is None:
            entries = self.list(prefix)
            if limit and sum(len(entry.raw) for entry in entries) > limit:
                return None
            joined = Joined(self._join(entries))
        self._joined[prefix] = joined  # the latest used is last
        if len(self._joined) > JOINED_LISTS:
            del self._joined[next(iter(self._joined))]
        return joined

    async def page(
        self,
        prefix: str | None = None,
        *,
        start_after: str = "",
        limit: int = 0,
        revision: int | None = None,
        matches: Matches | None = None,
    ) -> Page:
        """Up to ``limit`` (0: all) entries after ``start_after``, as they were at ``revision`` (default: now).

        Raises `Expired` where ``revision`` has been compacted, even if nothing here has changed since: whoever reads
        pages learns how old they may get whatever others do. Raises `Timeout` where it lies ahead.
        """
        prefix = prefix or self.prefix
        if revision is not None and revision < self.revision:
            await self.check_kept(revision)
        now = self.revision
        revision = now if revision is None else revision
        if self._changed <= revision <= now:
            return self._page_now(key_range(self._keys, prefix, start_after), limit, revision, matches)
        check_readable(revision, compacted=0, latest=now)
        listing = await self._supply.history.list(
            prefix, start_after=start_after, limit=0 if matches else limit, revision=revision
        )
        entries = [Entry.of(item, self._finish) for item in listing.items if not item.damaged]
        return cut_page(entries, limit, revision, matches, beyond=listing.remaining)

    async def check_kept(self, revision: int) -> None:
        """Raises `Expired`."""
        await self._supply.check_kept(revision)

    def _page_now(self, place: slice, limit: int, revision: int, matches: Matches | None) -> Page:
        """Only as much is looked at as the page needs."""
        if not limit:
            entries = [self._entries[key] for key in self._keys[place]]
            return cut_page(entries, 0, revision, matches)
        if matches is None:
            end = min(place.start + limit, place.stop)
            entries = [self._entries[key] for key in self._keys[place.start : end]]
            return cut_page(entries, limit, revision, None, beyond=place.stop - end)
        found = (entry for key in self._keys[place] if matches(entry := self._entries[key]))
        entries = list(islice(found, limit))
        # As Kubernetes does, which looks no further than it must: what follows may be nothing that matches.
        is_last = len(entries) < limit or entries[-1].key == self._keys[place.stop - 1]
        return Page(entries, revision, "" if is_last else entries[-1].key)

    # Watching

    @property
    def is_watched(self) -> bool:
        return bool(self._watchers)

    async def watch(
        self,
        scope: str | None = None,
        *,
        since: int | None = None,
        matches: Matches | None = None,
        initial_end: bool = False,
    ) -> Watcher:
        """Every change in ``scope`` (a prefix that ends in a slash, or one key) after ``since``, for ``matches`` only.

        Without ``since`` the watch begins with what there is, as ADDED; ``initial_end`` marks the end of that with a
        bookmark. Raises `Expired` where the store no longer knows what happened after ``since``.
        """
        start = self.revision if since is None else since
        watcher = Watcher(
            scope or self.prefix,
            matches,
            since=start,
            backlog=self._backlog,
            reached=lambda: self.revision,
            closed=self._forget,
        )
        # From here to the next await nothing changes, so what is recent now and what is live later join up.
        self._watchers.setdefault(watcher.scope, {})[watcher] = None
        if since is None:
            watcher.begin(self._initial_events(watcher, initial_end))
            return watcher
        recent, recent_after = list(self._recent) if self._changed > start else [], self._recent_after
        try:
            past = await self._history(start, recent_after) if start < recent_after else []
        except BaseException:
            watcher.close()
            raise
        covered = (change.seen(matches) for change in (*past, *recent) if watcher.covers(change))
        watcher.begin([event for event in covered if event is not None])
        return watcher

    def _initial_events(self, watcher: Watcher, initial_end: bool) -> Sequence[WatchEvent]:
        found: Iterable[Entry | None] = [self.get(watcher.scope)]
        if watcher.scope.endswith("/"):
            found = self.list(watcher.scope)
        events = [
            WatchEvent("ADDED", entry, entry.revision)
            for entry in found
            if entry is not None and (watcher.matches is None or watcher.matches(entry))
        ]
        if initial_end:
            events.append(WatchEvent("BOOKMARK", None, self.revision, initial_end=True))
        return events

    async def _history(self, after: int, until: int) -> Sequence[Change]:
        """Changes that are no longer recent, from the store.

        All of its writes are read, not only those below the prefix: ``until`` is the revision of one of them, which
        tells where to stop.
        """
        changes: list[Change] = []
        if until <= 1:
            return changes  # an empty store's revision belongs to no write
        async with self._supply.history.watch("", after) as events:
            async for event in events:
                if event.revision <= until and event.item.key.startswith(self.prefix) and not _is_damaged(event):
                    changes.append(Change.of(event, self._finish))
                if event.revision >= until:
                    break
        return changes

    def _forget(self, watcher: Watcher) -> None:
        watchers = self._watchers.get(watcher.scope, {})
        watchers.pop(watcher, None)
        if not watchers:
            self._watchers.pop(watcher.scope, None)

    def _all_watchers(self) -> Sequence[Watcher]:
        return [watcher for watchers in self._watchers.values() for watcher in watchers]

    # What the follower calls

    def load(self, listing: Listing) -> None:
        for watcher in self._all_watchers():
            watcher.fail(Expired("the history of what is watched was lost: list again"))
        self._watchers.clear()
        self._entries = {item.key: Entry.of(item, self._finish) for item in listing.items if not item.damaged}
        self._damaged = {item.key: item for item in listing.items if item.damaged}
        for key in self._damaged:
            _log.error("the stored value of %s is damaged: the object is left out until it is deleted", key)
        self._keys = sorted(self._entries)
        self._joined.clear()
        self._recent.clear()
        self._recent_bytes = 0
        self._loaded = self._changed = self._recent_after = listing.revision

    def apply(self, event: StoreEvent) -> None:
        if event.revision <= self._loaded:
            return
        key = event.item.key
        if self._damaged.pop(key, None) is not None and event.type == "delete":
            return  # nobody has seen it
        previous = self._entries.get(key)
        entry = Entry.of(event.item, self._finish)
        if event.type == "put":
            self._entries[key] = entry
            if previous is None:
                insort(self._keys, key)
        elif previous is not None:
            del self._entries[key]
            del self._keys[bisect_left(self._keys, key)]
        self._changed = event.revision
        self._hand_out(Change(event, entry, previous, self._finish))

    def amend(self, item: KeyValue, revision: int) -> None:
        """``item`` comes late: the cache has been at ``revision`` without it. Who watches its place lists again."""
        if item.key not in self._entries:
            insort(self._keys, item.key)
        self._entries[item.key] = Entry.of(item, self._finish)
        self._recent.clear()
        self._recent_bytes = 0
        self._changed = self._recent_after = revision
        for scope in (*folders(item.key), item.key):
            self._joined.pop(scope, None)
            for watcher in self._watchers.pop(scope, ()):
                watcher.fail(Expired(f"{item.key.rpartition('/')[2]} could not be shown until now: list again"))

    def _hand_out(self, change: Change) -> None:
        self._recent.append(change)
        self._recent_bytes += len(change.entry.raw)
        while len(self._recent) > self._recent_limit or self._recent_bytes > RECENT_BYTES:
            oldest = self._recent.popleft()
            self._recent_after = oldest.revision
            self._recent_bytes -= len(oldest.entry.raw)
        key = change.entry.key
        for scope in (*folders(key), key):
            self._joined.pop(scope, None)
            for watcher in [one for one in self._watchers.get(scope, ()) if not one.offer(change)]:
                self._forget(watcher)


def _is_damaged(event: StoreEvent) -> bool:
    return event.item.damaged or (event.previous is not None and event.previous.damaged)
