"""The one thread that writes to the data file.

It takes all writes that wait, carries them out in one transaction with one fsync (group commit), and hands the outcomes
to the event loop in the order of their revisions. A write that is refused fails alone. Between batches, it removes what
compaction has forgotten, a little at a time, so that no write waits long.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

import attrs

from sampan.core.classes import frozen
from sampan.core.errors import AlreadyExists, ApiError, InsufficientStorage, InternalError, ServiceUnavailable
from sampan.core.store.checks import check_expected
from sampan.core.store.contract import KeyValue, StoreEvent
from sampan.core.store.history import HistoryPolicy
from sampan.plugins.stores.sqlite_file import checksum, transaction
from sampan.plugins.stores.sqlite_reads import compacted_revision, current, latest_revision
from sampan.plugins.stores.sqlite_room import Room

LARGEST_BATCH = 500
"""Writes in one transaction."""
SWEEP_ROWS = 500
"""Forgotten versions removed in one transaction."""
SWEEP_PAGES = 1_000
"""Free pages given back in one transaction."""
CAREFUL_PAGES = 16
"""The same on a full disk: moving pages needs room as well."""

_log = logging.getLogger(__name__)


Verb = Literal["create", "update", "delete", "compact", "room"]
FULL = "the disk under the store is full: nothing was written; free some space, or delete objects"


@frozen(eq=False)
class Write:
    """A call that waits for ``done``. For a ``compact``, ``expected`` is the revision to compact to.

    ``room`` asks for room on the disk."""

    verb: Verb
    key: str
    value: bytes
    expected: int
    done: asyncio.Future[KeyValue | None]


@frozen
class Outcome:
    """What became of a write: an event, an error, or neither for a compaction."""

    write: Write
    event: StoreEvent | None = None
    error: ApiError | None = None


class Writer:
    """``settle`` is called on the event loop with each batch's outcomes, once they are on the disk."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        settle: Callable[[Sequence[Outcome]], None],
        *,
        history: HistoryPolicy,
        room: Room,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._settle = settle
        self._history = history
        self._room = room
        self._superseded_bytes = 0
        self._clock = clock
        self._queue: queue.SimpleQueue[Write | None] = queue.SimpleQueue()
        self._revision = latest_revision(connection)
        self._compacted = compacted_revision(connection)
        self._sweeping = True  # a crash may have left forgotten versions behind
        # Not waited for when the interpreter ends without `stop`: what was acknowledged is on the disk.
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(self, write: Write) -> None:
        """From the event loop. Never blocks."""
        self._queue.put(write)

    def stop(self) -> None:
        """Carry out what was submitted, and end. Blocks; nothing may be submitted afterwards."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            batch, last = self._next_batch()
            if batch:
                self._commit(batch)
            if self._room.is_given_up:
                self._make_room()
            self._keep_house()

    def _next_batch(self) -> tuple[list[Write], bool]:
        """All that waits, after waiting for the first one; and whether it is the last batch."""
        batch: list[Write] = []
        wait = not self._sweeping
        with contextlib.suppress(queue.Empty):
            while len(batch) < LARGEST_BATCH:
                write = self._queue.get(block=wait and not batch)
                if write is None:
                    return batch, True
                batch.append(write)
        return batch, False

    def _commit(self, batch: Sequence[Write]) -> None:
        revision, compacted = self._revision, self._compacted
        try:
            with transaction(self._connection):
                outcomes = [self._attempt(write) for write in batch]
        except Exception as exc:
            self._revision, self._compacted = revision, compacted
            error = _translated(exc)
            if isinstance(error, InsufficientStorage):
                outcomes = self._commit_without_room(batch, error)
            else:
                outcomes = [Outcome(write, error=error) for write in batch]
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            batch[0].done.get_loop().call_soon_threadsafe(self._settle, outcomes)

    def _commit_without_room(self, batch: Sequence[Write], error: InsufficientStorage) -> list[Outcome]:
        """With the room that was kept back, all but what is created: by changes and deletes a full disk is left."""
        self._room.give_up()
        self._make_room()
        revision, compacted = self._revision, self._compacted
        again = [write for write in batch if write.verb != "create"]
        try:
            with transaction(self._connection):
                done = {write: self._attempt(write) for write in again}
        except Exception as exc:
            self._revision, self._compacted = revision, compacted
            refused = _translated(exc)
            done = {write: Outcome(write, error=refused) for write in again}
        self._room.take()  # one write may have been too large for a disk that is not full
        return [done.get(write) or Outcome(write, error=error) for write in batch]

    def _attempt(self, write: Write) -> Outcome:
        """Carry out one write. It refuses before it changes anything, so that it needs no transaction of its own."""
        try:
            if write.verb == "compact":
                self._forget(min(write.expected, self._revision))
                return Outcome(write)
            if write.verb in ("create", "room") and not self._room.take():
                raise InsufficientStorage(FULL)
            if write.verb == "room":
                return Outcome(write)
            item = current(self._connection, write.key)
            if write.verb == "create":
                if item is not None:
                    raise AlreadyExists(f'key "{write.key}" already exists')
                return Outcome(write, event=self._put(write, None))
            previous = check_expected(write.key, item, write.expected)
            return Outcome(
                write, event=self._put(write, previous) if write.verb == "update" else self._delete(previous)
            )
        except ApiError as error:
            return Outcome(write, error=error)

    def _put(self, write: Write, previous: KeyValue | None) -> StoreEvent:
        revision = self._advance(previous)
        item = KeyValue(write.key, write.value, created=previous.created if previous else revision, revision=revision)
        self._insert(item, write.value, previous, deleted=False)
        return StoreEvent("put", item, previous)

    def _delete(self, previous: KeyValue) -> StoreEvent:
        item = attrs.evolve(previous, revision=self._advance(previous))
        self._insert(item, b"", previous, deleted=True)
        return StoreEvent("delete", item, previous)

    def _advance(self, previous: KeyValue | None) -> int:
        """The next revision, at which ``previous`` stops being current."""
        self._revision += 1
        if previous is not None:
            self._superseded_bytes += len(previous.value)
            self._connection.execute(
                "UPDATE versions SET superseded = ? WHERE revision = ?", (self._revision, previous.revision)
            )
        return self._revision

    def _insert(self, item: KeyValue, value: bytes, previous: KeyValue | None, *, deleted: bool) -> None:
        self._connection.execute(
            "INSERT INTO versions (revision, key, value, created, deleted, previous, superseded, checksum)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item.revision,
                item.key,
                value,
                item.created,
                deleted,
                previous.revision if previous else None,
                item.revision if deleted else None,
                checksum(item.key, value),
            ),
        )

    # History

    def _keep_house(self) -> None:
        """Forget by the policy, and remove some of what is forgotten. A failure is tried again after later writes."""
        try:
            target = self._history.due(self._clock(), self._revision, self._compacted, self._superseded_bytes)
            if target is not None:
                with transaction(self._connection):
                    self._forget(target)
            if self._sweeping:
                self._sweep()
        except sqlite3.Error as exc:
            self._sweeping = False
            _log.warning("cannot compact the store now: %s", exc)

    def _forget(self, revision: int) -> None:
        """From now on, ``revision`` is the oldest that can be read."""
        if revision > self._compacted:
            self._connection.execute("UPDATE history SET compacted = ?", (revision,))
            self._compacted = revision
            self._superseded_bytes = 0
            self._sweeping = True

    def _sweep(self, pages: int = SWEEP_PAGES) -> None:
        """Remove one portion, or else give a portion of free room back to the file system, or else be done."""
        with transaction(self._connection):
            removed = self._connection.execute(
                "DELETE FROM versions WHERE revision IN"
                " (SELECT revision FROM versions WHERE superseded <= ? AND revision < ? LIMIT ?)",
                (self._compacted, self._revision, SWEEP_ROWS),
            ).rowcount
        if removed == SWEEP_ROWS:
            return
        self._connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
        (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        if not free:
            self._fold()
            self._sweeping = False

    def _fold(self) -> None:
        """Write the log into the data file, and give its room back."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _make_room(self) -> None:
        """Where there is no room left, history is given up for what is current."""
        try:
            with transaction(self._connection):
                self._forget(self._revision)
            self._fold()
            while self._sweeping:
                self._sweep(CAREFUL_PAGES)
                self._fold()
        except sqlite3.Error as exc:
            self._sweeping = False
            self._compacted = compacted_revision(self._connection)
            _log.warning("the disk under the store is full, and its history could not be given up: %s", exc)


def _translated(exc: Exception) -> ApiError:
    """SQLite's error in our words. Nothing of the batch has been kept."""
    if isinstance(exc, sqlite3.Error):
        if getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return InsufficientStorage(FULL)
        return ServiceUnavailable(f"the store cannot write: {exc}")
    _log.error("a write to the store failed", exc_info=exc)
    return InternalError(f"the store cannot write: {exc}")
