"""One watch on the whole store, shared by all watch caches.

The store's revision is global. By following every write, each cache knows how far it has come even while nothing below
its own prefix changes, and so can wait until it is as new as a write that was just acknowledged. The API server owns one
follower; it runs as one task on the API server's loop, like the caches it feeds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Protocol

from sampan.core.errors import Expired
from sampan.core.store.checks import future_revision
from sampan.core.store.contract import History, Listing, Store, StoreEvent
from sampan.core.store.keys import folders

FRESH_TIMEOUT = 3.0
"""Seconds that a read waits for its revision, as kube-apiserver's watch cache does."""

NOWHERE = "/nowhere/"
"""A prefix without keys: a list of it tells of the store's history alone."""

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """Who is told of the writes below ``prefix`` (which ends in a slash)."""

    prefix: str

    def load(self, listing: Listing) -> None:
        """Start from this state; later writes follow. Called again when the store's history was lost."""
        ...

    def apply(self, event: StoreEvent) -> None:
        """Every write, in order; those up to the loaded revision may come again and are to be ignored."""
        ...


class Follower:
    """``revision`` is that of the latest write that all sinks have been told of."""

    def __init__(self, store: Store, *, retry_delay: float = 1.0) -> None:
        self.store = store
        self.revision = 0
        self._retry_delay = retry_delay
        self._sinks: dict[str, tuple[Sink, ...]] = {}
        self._loading: dict[str, list[StoreEvent]] = {}
        self._listing = asyncio.Lock()  # a sink is never listed while a lost history is being made up for
        self._waiters: dict[int, set[asyncio.Future[None]]] = {}
        """By the revision that they wait for."""
        self._task: asyncio.Task[None] | None = None

    @property
    def history(self) -> History:
        return self.store

    async def start(self) -> None:
        self.revision = await self.store.revision()
        self._task = asyncio.create_task(self._run(), name="store-follower")

    async def close(self) -> None:
        """Stop following. Idempotent; the store stays open."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def add(self, sink: Sink) -> None:
        """Load ``sink`` and tell it of every later write. Several may follow one prefix, as when one takes over."""
        async with self._listing:
            pending = self._loading[sink.prefix] = []
            try:
                listing = await self.store.list(sink.prefix)
            finally:
                del self._loading[sink.prefix]
            self._sinks[sink.prefix] = (*self._sinks.get(sink.prefix, ()), sink)
            sink.load(listing)
            for event in pending:
                sink.apply(event)

    def remove(self, sink: Sink) -> None:
        left = tuple(each for each in self._sinks.get(sink.prefix, ()) if each is not sink)
        if left:
            self._sinks[sink.prefix] = left
        else:
            self._sinks.pop(sink.prefix, None)

    async def wait_until(self, revision: int, timeout: float = FRESH_TIMEOUT) -> None:
        """Raises `Timeout` (``ResourceVersionTooLarge``) where the revision is not reached within ``timeout`` seconds."""
        if self.revision >= revision:
            return
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiters.setdefault(revision, set()).add(waiter)
        timer = loop.call_later(timeout, self._give_up, revision, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._forget(revision, waiter)

    async def check_kept(self, revision: int) -> None:
        """Raises `Expired`."""
        await self.store.list(NOWHERE, limit=1, revision=revision)

    def _give_up(self, revision: int, waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_exception(future_revision(revision, self.revision))

    def _forget(self, revision: int, waiter: asyncio.Future[None]) -> None:
        waiters = self._waiters.get(revision)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                del self._waiters[revision]

    async def _run(self) -> None:
        has_gap = False
        while True:
            try:
                if has_gap:
                    await self._list_again()
                    has_gap = False
                await self._follow()
                return  # the store has been closed
            except Expired:
                _log.info("the store's history after revision %d is gone: listing again", self.revision)
                has_gap = True
            except Exception:
                _log.exception("cannot follow the store; trying again in %s s", self._retry_delay)
                await asyncio.sleep(self._retry_delay)

    async def _follow(self) -> None:
        async with self.store.watch("", self.revision) as events:
            async for event in events:
                self._tell(event)

    def _tell(self, event: StoreEvent) -> None:
        for folder in folders(event.item.key):
            if folder in self._loading:
                self._loading[folder].append(event)
            for sink in self._sinks.get(folder, ()):
                sink.apply(event)
        self._reached(event.revision)

    async def _list_again(self) -> None:
        async with self._listing:
            revision = await self.store.revision()
            for sink in [each for sinks in self._sinks.values() for each in sinks]:
                sink.load(await self.store.list(sink.prefix))
            self._reached(revision)

    def _reached(self, revision: int) -> None:
        """Revisions come one by one, but after a history that was lost: who waits for a later one costs nothing."""
        before, self.revision = self.revision, revision
        passed: Sequence[int] = range(before + 1, revision + 1)
        if len(passed) > len(self._waiters):
            passed = [waited for waited in self._waiters if waited <= revision]
        for waited in passed:
            for waiter in self._waiters.pop(waited, ()):
                if not waiter.done():
                    waiter.set_result(None)
