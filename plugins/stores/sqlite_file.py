"""The data file of the `sqlite` store: its lock, its schema and its connections.

One table holds every version of every key. ``superseded`` is the revision at which a version stopped being the current one
(a delete's own row is superseded at once), so a row is visible at every revision from ``revision`` to before
``superseded``, and compaction to a revision removes the rows that were superseded up to it. Each value has its checksum
beside it: a value that a disk, or a person, has changed is told from one that was written.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

from sampan.core.errors import ConfigError

SCHEMA_VERSION = 2
APPLICATION_ID = 0x53414D50
"""``SAMP``, in the header of every file of ours."""
WAL_LIMIT_BYTES = 16 * 1024 * 1024
"""What the write-ahead log shrinks to after a burst."""

_SCHEMA = (
    """
    CREATE TABLE versions (
        revision INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        value BLOB NOT NULL,        -- empty for a delete: the last value is in the previous version
        created INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        previous INTEGER,           -- the revision that this one replaced
        superseded INTEGER,
        checksum INTEGER NOT NULL   -- of key and value
    )
    """,
    "CREATE UNIQUE INDEX current_versions ON versions (key) WHERE superseded IS NULL",
    "CREATE INDEX old_versions ON versions (superseded) WHERE superseded IS NOT NULL",
    "CREATE INDEX versions_by_key ON versions (key)",
    "CREATE TABLE history (compacted INTEGER NOT NULL)",
    "INSERT INTO history VALUES (0)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


_WITH_CHECKSUMS = (
    "ALTER TABLE versions ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0",
    "UPDATE versions SET checksum = checksum_of(key, value)",
    "PRAGMA user_version = 2",
)
"""From the first format to the second."""


def checksum(key: str, value: bytes) -> int:
    """With the key, so that a value under another's key is found out too."""
    return zlib.crc32(value, zlib.crc32(key.encode()))


class DataFile:
    """An open data file that no other process uses. Every failure to open it is a `ConfigError`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self.path)
        except OSError as exc:
            raise ConfigError(f"cannot use the data file {self.path}: {exc.strerror}") from exc
        try:
            self.connection = self._open()
        except BaseException:
            os.close(self._lock)
            raise

    def limit(self, size: int) -> None:
        """Let the file grow to at most ``size`` bytes; what does not fit is refused like on a full disk."""
        (page,) = self.connection.execute("PRAGMA page_size").fetchone()
        self.connection.execute(f"PRAGMA max_page_count = {size // page}").fetchall()

    def connect_reader(self) -> sqlite3.Connection:
        connection = _connect(self.path)
        connection.execute("PRAGMA query_only = 1")
        return connection

    def close(self) -> None:
        """Fold the write-ahead log into the file, and let others have it."""
        with contextlib.suppress(sqlite3.Error):  # it is also folded in when the file is next opened
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.connection.close()
        os.close(self._lock)

    def _open(self) -> sqlite3.Connection:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # secrets are in it
            connection = _connect(self.path)
        except OSError as exc:
            raise ConfigError(f"cannot use the data file {self.path}: {exc.strerror}") from exc
        try:
            _prepare(connection, self.path)
        except BaseException as exc:
            connection.close()
            if isinstance(exc, sqlite3.Error):
                raise ConfigError(f"cannot use the data file {self.path}: {exc}") from exc
            raise
        return connection


def _lock(path: Path) -> int:
    """The descriptor that holds the lock. The kernel lets go of it when the process ends, however it ends."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise ConfigError(
            f"the data file {path} is in use by process {holder or '(unknown)'}: "
            "stop that cluster first (sampan stop), or choose another --data-dir"
        ) from exc
    with contextlib.suppress(OSError):  # a full disk: only the name of the holder is lost
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _connect(path: Path) -> sqlite3.Connection:
    # Each connection is used by one thread at a time, but made and closed by another.
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Check whose file it is, or make it ours, and turn on durability."""
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    empty = not tables and not application and not version
    if not empty and application != APPLICATION_ID:
        raise ConfigError(f"{path} is not a data file of sampan's: choose another --data-dir")
    if not empty and version not in (1, SCHEMA_VERSION):
        raise ConfigError(
            f"{path} was written by another version of sampan (its format is {version}, this one's is {SCHEMA_VERSION}): "
            "use that version, or choose another --data-dir"
        )
    if empty:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if _pragma(connection, "journal_mode = WAL") != "wal":
        raise ConfigError(f"the file system of {path} cannot hold a write-ahead log: choose another --data-dir")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}").fetchall()
    if empty:
        with transaction(connection):
            for statement in _SCHEMA:
                connection.execute(statement)
    elif version == 1:
        connection.create_function("checksum_of", 2, checksum, deterministic=True)
        with transaction(connection):
            for statement in _WITH_CHECKSUMS:
                connection.execute(statement)


def _pragma(connection: sqlite3.Connection, text: str) -> object:
    return connection.execute(f"PRAGMA {text}").fetchone()[0]


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """All or nothing: committed, and with ``IMMEDIATE`` fsynced, once the block has ended without an error."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a failed COMMIT may have rolled back already
            connection.execute("ROLLBACK")
        raise
