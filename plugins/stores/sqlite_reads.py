"""What is read from the data file: plain functions on a connection, each on one snapshot. They run on the reader thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import attrs

from sampan.core.store.checks import check_readable
from sampan.core.store.contract import KeyValue, Listing, StoreEvent
from sampan.core.store.keys import prefix_end
from sampan.plugins.stores.sqlite_file import checksum, transaction

HISTORY_PAGE = 500
"""Events that one read of the history returns."""

_COLUMNS = "key, value, created, revision, checksum"
_BELOW = "key >= :prefix AND key < :end AND key > :start_after"
_NOW = "superseded IS NULL"
_THEN = "revision <= :revision AND (superseded IS NULL OR superseded > :revision)"
_EVENTS = """
    SELECT v.deleted, v.key, v.value, v.created, v.revision, v.checksum,
        p.key, p.value, p.created, p.revision, p.checksum
    FROM versions AS v LEFT JOIN versions AS p ON p.revision = v.previous
    WHERE v.revision > :after AND v.revision <= :until AND +v.key >= :prefix AND +v.key < :end
    ORDER BY v.revision LIMIT :limit
"""  # the plus signs keep SQLite to the order of revisions


def latest_revision(connection: sqlite3.Connection) -> int:
    """The newest version is never removed, so this does not go back; an empty store is at 1."""
    (revision,) = connection.execute("SELECT coalesce(max(revision), 1) FROM versions").fetchone()
    return int(revision)


def compacted_revision(connection: sqlite3.Connection) -> int:
    (revision,) = connection.execute("SELECT compacted FROM history").fetchone()
    return int(revision)


def current(connection: sqlite3.Connection, key: str) -> KeyValue | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM versions WHERE key = ? AND superseded IS NULL", (key,)).fetchone()
    return _item(*row) if row else None


def listing(
    connection: sqlite3.Connection,
    prefix: str,
    start_after: str,
    limit: int,
    revision: int | None,
    follow: int | None = None,
) -> Listing:
    """`Store.list`. ``follow`` is how many keys follow ``start_after``, where that is known: counting reads them all."""
    with transaction(connection, "DEFERRED"):
        latest = latest_revision(connection)
        if revision is not None:
            check_readable(revision, compacted=compacted_revision(connection), latest=latest)
        where = f"{_BELOW} AND {_NOW if revision in (None, latest) else _THEN}"
        values: dict[str, Any] = {
            "start_after": start_after,
            "revision": revision,
            "limit": limit or -1,
            **_range(prefix),
        }
        rows = connection.execute(f"SELECT {_COLUMNS} FROM versions WHERE {where} ORDER BY key LIMIT :limit", values)
        items = [_item(*row) for row in rows]
        remaining = 0
        if limit and len(items) == limit:
            if follow is None:
                (follow,) = connection.execute(f"SELECT count(*) FROM versions WHERE {where}", values).fetchone()
            remaining = follow - limit
    return Listing(items, latest if revision is None else revision, remaining)


def history(connection: sqlite3.Connection, prefix: str, after: int, until: int) -> tuple[Sequence[StoreEvent], int]:
    """The next writes after ``after``, and the revision up to which they are all there is."""
    with transaction(connection, "DEFERRED"):
        check_readable(after, compacted=compacted_revision(connection))
        values: dict[str, Any] = {"after": after, "until": until, "limit": HISTORY_PAGE, **_range(prefix)}
        events = [_event(*row) for row in connection.execute(_EVENTS, values)]
    return events, events[-1].revision if len(events) == HISTORY_PAGE else until


def _range(prefix: str) -> dict[str, str | bytes]:
    # To SQLite, any bytes come after every text: the end of a prefix that has none.
    return {"prefix": prefix, "end": prefix_end(prefix) or b""}


def _item(key: str, value: bytes, created: int, revision: int, stored: int) -> KeyValue:
    value = value if isinstance(value, bytes) else str(value).encode()  # whoever changed it may have changed its type
    return KeyValue(key, value, created, revision, damaged=checksum(key, value) != stored)


def _event(
    deleted: int,
    key: str,
    value: bytes,
    created: int,
    revision: int,
    stored: int,
    previous_key: str | None,
    *previous_row: Any,
) -> StoreEvent:
    previous = None if previous_key is None else _item(previous_key, *previous_row)
    item = _item(key, value, created, revision, stored)
    if not deleted:
        return StoreEvent("put", item, previous)
    last = previous or item  # a delete has always replaced something
    return StoreEvent("delete", attrs.evolve(last, created=created, revision=revision), previous)
