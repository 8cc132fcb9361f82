"""From a store's writes to its watchers: what every implementation of `Store.watch` needs, once.

A store publishes each write in order; `Feed.watch` joins the store's history with what is published while it is open, so
that no event is missed or seen twice. Everything here runs on the store's event loop.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from sampan.core.errors import Expired
from sampan.core.store.contract import StoreEvent
from sampan.core.store.mailbox import Mailbox

WATCH_BACKLOG = 10_000
"""Events that a watcher may be behind before it is dropped."""

ReadHistory = Callable[[int, int], Awaitable[tuple[Sequence[StoreEvent], int]]]
"""(after, until) → the next events after ``after`` and how far they reach, at most to ``until``. Raises `Expired`."""


def expired(revision: int, oldest: int) -> Expired:
    """The answer for a revision that compaction has passed, in Kubernetes' words."""
    return Expired(f"too old resource version: {revision} ({oldest})")


class Feed:
    """The open watches of one store. ``revision`` is that of the latest event published."""

    def __init__(self, revision: int, *, backlog: int = WATCH_BACKLOG) -> None:
        self.revision = revision
        self._backlog = backlog
        self._readers: list[tuple[str, Mailbox[StoreEvent]]] = []
        self._closed = False

    def publish(self, event: StoreEvent) -> None:
        """Hand on one write; called in the order of revisions."""
        self.revision = event.revision
        dropped = [
            mailbox for prefix, mailbox in self._readers if event.item.key.startswith(prefix) and not mailbox.put(event)
        ]
        for mailbox in dropped:
            self._remove(mailbox)

    def close(self) -> None:
        """Let every watch end."""
        self._closed = True
        for _, mailbox in self._readers:
            mailbox.close()
        self._readers.clear()

    @asynccontextmanager
    async def watch(
        self, prefix: str, from_revision: int, read: ReadHistory
    ) -> AsyncIterator[AsyncIterator[StoreEvent]]:
        """`Store.watch`: history first, then what is published."""
        mailbox: Mailbox[StoreEvent] = Mailbox(self._backlog)
        if self._closed:
            mailbox.close()
        # Listening starts before history is read, and history ends where listening started: nothing lies between.
        self._readers.append((prefix, mailbox))
        joint = self.revision
        try:
            first = await read(from_revision, joint)
            async with aclosing(_joined(first, joint, read, mailbox, from_revision)) as events:
                yield events
        finally:
            mailbox.close()
            self._remove(mailbox)

    def _remove(self, mailbox: Mailbox[StoreEvent]) -> None:
        self._readers = [reader for reader in self._readers if reader[1] is not mailbox]


async def _joined(
    page: tuple[Sequence[StoreEvent], int],
    joint: int,
    read: ReadHistory,
    mailbox: Mailbox[StoreEvent],
    from_revision: int,
) -> AsyncGenerator[StoreEvent, None]:
    past, reached = page
    while True:
        for event in past:
            yield event
        if reached >= joint:
            break
        past, reached = await read(reached, joint)
    async for event in mailbox:
        if event.revision > from_revision:  # which may lie in the future
            yield event
