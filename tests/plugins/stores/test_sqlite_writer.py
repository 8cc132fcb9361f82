"""Group commit: writes that wait together share one transaction, and one that is refused fails alone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from sampan.core.errors import AlreadyExists
from sampan.core.store.contract import KeyValue
from sampan.core.store.history import HistoryPolicy
from sampan.plugins.stores.sqlite_file import DataFile
from sampan.plugins.stores.sqlite_room import Room
from sampan.plugins.stores.sqlite_writer import Outcome, Write, Writer

pytestmark = pytest.mark.anyio


async def test_writes_that_wait_share_one_transaction(tmp_path: Path) -> None:
    batches: list[Sequence[Outcome]] = []
    finished = asyncio.Event()

    def settle(outcomes: Sequence[Outcome]) -> None:
        batches.append(outcomes)
        if sum(map(len, batches)) == 65:
            finished.set()

    file = DataFile(tmp_path / "state.db")
    writer = Writer(file.connection, settle, history=HistoryPolicy(), room=Room(file.path))
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # the writer has to wait while the writes come in
        for n in [*range(64), 5]:
            done: asyncio.Future[KeyValue | None] = asyncio.get_running_loop().create_future()
            writer.submit(Write("create", f"/{n}", b"", 0, done))
        other.execute("COMMIT")
    async with asyncio.timeout(10):
        await finished.wait()
    await asyncio.to_thread(writer.stop)
    file.close()

    outcomes = [outcome for batch in batches for outcome in batch]
    assert len(batches) <= 2  # the first may have been taken before the others came
    assert [outcome.event.revision for outcome in outcomes if outcome.event] == list(range(2, 66))
    assert [type(outcome.error) for outcome in outcomes if not outcome.event] == [AlreadyExists]
