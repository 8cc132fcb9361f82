"""One open watch on a watch cache: the API server streams it to a client, an in-process informer iterates over it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType

from sampan.core.store.entry import Change, Matches, WatchEvent
from sampan.core.store.mailbox import Mailbox


class Watcher:
    """Made by `WatchCache.watch`; one reader. Use it as an async context manager, or call `close`.

    `batch` gives everything there is at once, which a server can send in one piece; iterating gives single events. Both
    raise `Expired` where the cache had to start again. They end when the cache is closed, and after what waits where
    the reader was too slow: another watch can go on from the last event.
    """

    def __init__(
        self,
        scope: str,
        matches: Matches | None,
        *,
        since: int,
        backlog: int,
        reached: Callable[[], int],
        closed: Callable[[Watcher], None],
    ) -> None:
        self.scope = scope
        self.matches = matches
        self._position = since
        self._since = since
        self._ready: deque[WatchEvent] = deque()
        self._live: Mailbox[WatchEvent] = Mailbox(backlog, fails=False)
        self._reached = reached
        self._closed = closed
        self._deliver: Callable[[WatchEvent], bool] | None = None
        self.ended = False
        """Whether an empty batch was the end."""

    async def batch(self, timeout: float | None = None) -> list[WatchEvent]:
        """All events that wait, or the first to come within ``timeout`` seconds; empty after that, and at the end."""
        events = list(self._ready)
        self._ready.clear()
        if not events:
            try:
                async with asyncio.timeout(timeout):
                    events = await self._live.take()
            except TimeoutError:
                return []
            self.ended = not events
        if events:
            self._position = max(self._position, events[-1].revision)
        return events

    def push(self, deliver: Callable[[WatchEvent], bool]) -> None:
        """Offer ``deliver`` each event that finds the reader waiting; one that it declines waits for `batch` as ever.

        It is called where the change is handed out, so it must be quick and must not raise.
        """
        self._deliver = deliver

    def bookmark(self) -> WatchEvent:
        """Says how far a reader that has sent all its batches has come, so that it can resume there."""
        if not self._ready and self._live.empty:
            self._position = max(self._position, self._reached())
        return WatchEvent("BOOKMARK", None, self._position)

    def __aiter__(self) -> Watcher:
        return self

    async def __anext__(self) -> WatchEvent:
        if not self._ready:
            self._ready.extend(await self._live.take())
        if not self._ready:
            raise StopAsyncIteration
        event = self._ready.popleft()
        self._position = max(self._position, event.revision)
        return event

    async def __aenter__(self) -> Watcher:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop watching. Idempotent."""
        self._closed(self)
        self._live.close()

    # What follows is for the cache.

    def begin(self, past: Iterable[WatchEvent]) -> None:
        """What happened before the watch was opened, or the initial events."""
        self._ready.extend(past)

    def offer(self, change: Change) -> bool:
        """Whether the reader still keeps up."""
        if change.revision <= self._since:
            return True
        event = change.seen(self.matches)
        if event is None:
            return True
        if self._deliver is not None and self._live.awaited and self._deliver(event):
            self._position = max(self._position, event.revision)
            return True
        return self._live.put(event)

    def covers(self, change: Change) -> bool:
        """Whether a change that is not live belongs to this watch."""
        key = change.entry.key
        in_scope = key.startswith(self.scope) if self.scope.endswith("/") else key == self.scope
        return in_scope and change.revision > self._since

    def fail(self, error: Exception) -> None:
        self._ready.clear()
        self._live.fail(error)

    def finish(self) -> None:
        """No more events will come."""
        self._live.close()
