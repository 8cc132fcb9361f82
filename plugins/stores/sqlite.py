"""The `sqlite` store: one file, durable, for a cluster on one machine.

A write is acknowledged once it has been fsynced (write-ahead log, ``synchronous=FULL``), so neither ``kill -9`` nor a power
cut loses it. All writes go through one thread (`sqlite_writer`) and all reads through another (`sqlite_reads`); this class
is their face on the event loop, which never blocks. The file keeps a bounded history and gives room back.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from sampan.core.errors import ConfigError, ServiceUnavailable
from sampan.core.store.contract import KeyValue, Listing, Store, StoreEvent
from sampan.core.store.feed import WATCH_BACKLOG, Feed
from sampan.core.store.history import HistoryPolicy
from sampan.plugins.stores import sqlite_reads
from sampan.plugins.stores.sqlite_file import DataFile
from sampan.plugins.stores.sqlite_room import Room
from sampan.plugins.stores.sqlite_writer import Outcome, Verb, Write, Writer

PAGED_LISTS = 64
"""Lists that are read page by page at the same time, without counting anew."""

P = ParamSpec("P")
T = TypeVar("T")


def open_sqlite(url: str) -> Store:
    """The factory behind ``--store sqlite:///PATH`` (or just the path).

    Raises `ConfigError` where the file is in use, of another version, or not ours. A short, blocking call.
    """
    path = url.removeprefix("sqlite:").removeprefix("//")
    if not path:
        raise ConfigError("the sqlite store needs a file: --store sqlite:///PATH")
    return SqliteStore(Path(path))


class SqliteStore:
    """See `sampan.core.store.contract.Store` for the promises. ``max_bytes`` bounds the file as etcd's quota does."""

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int | None = None,
        history: HistoryPolicy | None = None,
        backlog: int = WATCH_BACKLOG,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = DataFile(path)
        if max_bytes is not None:
            self._file.limit(max_bytes)
        self._reading = self._file.connect_reader()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="sqlite-reader")
        self._feed = Feed(sqlite_reads.latest_revision(self._reading), backlog=backlog)
        self._room = Room(self._file.path)
        self._room.take()
        self._writer = Writer(
            self._file.connection, self._settle, history=history or HistoryPolicy(), room=self._room, clock=clock
        )
        self._closing: asyncio.Task[None] | None = None
        self._follow: dict[tuple[str, str, int | None], int] = {}
        """How many keys follow the end of a page at a revision, until the next one is asked for."""

    async def revision(self) -> int:
        return self._feed.revision

    async def get(self, key: str) -> KeyValue | None:
        return await self._read(sqlite_reads.current, key)

    async def list(self, prefix: str, *, start_after: str = "", limit: int = 0, revision: int | None = None) -> Listing:
        place = (prefix, start_after, revision)
        listing = await self._read(sqlite_reads.listing, *place[:2], limit, revision, self._follow.pop(place, None))
        if listing.remaining and revision is not None:
            self._follow[prefix, listing.items[-1].key, revision] = listing.remaining
            if len(self._follow) > PAGED_LISTS:
                del self._follow[next(iter(self._follow))]
        return listing

    async def create(self, key: str, value: bytes) -> KeyValue:
        return await self._write("create", key, value)

    async def update(self, key: str, value: bytes, expected: int) -> KeyValue:
        return await self._write("update", key, value, expected)

    async def delete(self, key: str, expected: int) -> KeyValue:
        return await self._write("delete", key, b"", expected)

    def watch(self, prefix: str, from_revision: int) -> AbstractAsyncContextManager[AsyncIterator[StoreEvent]]:
        async def read(after: int, until: int) -> tuple[Sequence[StoreEvent], int]:
            return await self._read(sqlite_reads.history, prefix, after, until)

        return self._feed.watch(prefix, from_revision, read)

    async def check_room(self) -> None:
        if self._room.is_given_up:
            await self._submit("room", "", b"", 0)

    async def compact(self, revision: int) -> None:
        await self._submit("compact", "", b"", revision)

    async def close(self) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await asyncio.to_thread(self._shut_down)
        self._feed.close()

    def _shut_down(self) -> None:
        self._writer.stop()
        self._reader.shutdown()
        self._reading.close()
        self._file.close()
        self._room.remove()

    async def _read(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        self._check_open()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._reader, lambda: function(self._reading, *args, **kwargs)
            )
        except sqlite3.Error as exc:
            raise ServiceUnavailable(f"the store cannot be read: {exc}") from exc

    async def _write(
        self, verb: Literal["create", "update", "delete"], key: str, value: bytes, expected: int = 0
    ) -> KeyValue:
        item = await self._submit(verb, key, value, expected)
        assert item is not None
        return item

    async def _submit(self, verb: Verb, key: str, value: bytes, expected: int) -> KeyValue | None:
        self._check_open()
        done: asyncio.Future[KeyValue | None] = asyncio.get_running_loop().create_future()
        self._writer.submit(Write(verb, key, value, expected, done))
        return await done

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        """Watchers are told first, so whoever wrote finds the revision in ``revision`` and in every watch."""
        for outcome in outcomes:
            if outcome.event is not None:
                self._feed.publish(outcome.event)
        for outcome in outcomes:
            if outcome.write.done.done():  # cancelled: the caller has left
                continue
            if outcome.error is not None:
                outcome.write.done.set_exception(outcome.error)
            else:
                outcome.write.done.set_result(outcome.event.item if outcome.event else None)

    def _check_open(self) -> None:
        if self._closing is not None:
            raise ServiceUnavailable("the store is closed")
