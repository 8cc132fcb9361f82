"""A bounded queue from one producer to one reader on the same event loop.

Feeds and watch caches put, watchers take. A reader that falls too far behind loses its mailbox, not its neighbours
theirs. A store's reader loses what it has not read and is told `Expired`, so that it lists again (as by etcd). A
cache's reader gets what is there and then the end, so that it can go on from the last it has seen (as by Kubernetes).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from sampan.core.errors import Expired

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds at most ``limit`` items that have not been taken."""

    def __init__(self, limit: int, *, fails: bool = True) -> None:
        self._limit = limit
        self._fails = fails
        self._items: list[T] = []
        self._error: Exception | None = None
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None

    @property
    def empty(self) -> bool:
        return not self._items

    @property
    def awaited(self) -> bool:
        """Whether the reader has taken everything and waits for more."""
        return not self._items and self._waiter is not None and not self._waiter.done()

    def put(self, item: T) -> bool:
        """Whether there was room. Where there was none, the mailbox has failed with `Expired`, or been closed."""
        if self._closed:
            return False
        if len(self._items) >= self._limit:
            if self._fails:
                self.fail(Expired(f"the watch fell more than {self._limit} events behind: list again"))
            self.close()
            return False
        self._items.append(item)
        self._wake()
        return True

    def fail(self, error: Exception) -> None:
        """Drop what is there and raise ``error`` at the reader."""
        if self._closed:
            return
        self._items.clear()
        self._error = error
        self.close()

    def close(self) -> None:
        """The reader gets what is left, and then the end."""
        self._closed = True
        self._wake()

    async def take(self) -> list[T]:
        """All that is there, after waiting for at least one item; empty at the end. One reader at a time."""
        while not self._items and not self._closed:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self._error is not None:
            raise self._error
        taken, self._items = self._items, []
        return taken

    async def __aiter__(self) -> AsyncIterator[T]:
        while items := await self.take():
            for item in items:
                yield item

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
