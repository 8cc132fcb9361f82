"""Values that the disk, or a person, has changed: told from those that were written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sampan.plugins.stores.sqlite import SqliteStore

pytestmark = pytest.mark.anyio


def change_value(path: Path, key: str, value: bytes | str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE versions SET value = ? WHERE key = ? AND superseded IS NULL", (value, key))


@pytest.mark.parametrize("value", [b"", b"\x00\xff", b'{"a":2}', '{"a":1}', "é"])
async def test_a_changed_value_is_found_out_and_can_be_deleted(tmp_path: Path, value: bytes | str) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    for key in ("/a", "/b"):
        await store.create(key, b'{"a":1}')
    await store.close()
    change_value(path, "/a", value)

    store = SqliteStore(path)
    damaged = value not in (b'{"a":1}', '{"a":1}')
    listing = await store.list("/")
    assert {item.key: item.damaged for item in listing.items} == {"/a": damaged, "/b": False}
    first = await store.get("/a")
    assert first is not None
    await store.delete("/a", first.revision)
    async with store.watch("/", 1) as events:
        seen = [await anext(events) for _ in range(3)]
    assert [(event.type, event.item.damaged) for event in seen] == [
        ("put", damaged),
        ("put", False),
        ("delete", damaged),
    ]
    assert await store.get("/a") is None
    await store.close()


async def test_values_of_the_format_without_checksums_get_them(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    await store.create("/a", b"1")
    await store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE versions DROP COLUMN checksum")
        connection.execute("PRAGMA user_version = 1")
    for _ in range(2):
        store = SqliteStore(path)
        item = await store.get("/a")
        assert item is not None
        assert (item.value, item.damaged) == (b"1", False)
        await store.close()
