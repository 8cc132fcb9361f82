"""The sqlite store beyond the contract: crashes, full disks, other processes, other versions, and its size."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import attrs
import pytest

from sampan.core.errors import ConfigError, Expired, InsufficientStorage
from sampan.core.store.contract import KeyValue
from sampan.core.store.history import HistoryPolicy
from sampan.plugins.stores.sqlite import SqliteStore, open_sqlite

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024


@asynccontextmanager
async def opened(path: Path, **settings: object) -> AsyncIterator[SqliteStore]:
    """A store that is checked for consistency once it is closed."""
    store = SqliteStore(path, **settings)  # type: ignore[arg-type]
    try:
        yield store
    finally:
        await store.close()
        check_consistency(path)


def check_consistency(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def modes(directory: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}


def fill(disk: Path) -> Path:
    """A file that leaves no room for anything else."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


@contextmanager
def running(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Another Python process; killed in the end."""
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@attrs.frozen
class Acknowledged:
    """A line of the writing process: one write that it was told had happened."""

    revision: int
    key: str
    counter: int
    deleted: bool

    @classmethod
    def parse(cls, line: str) -> Acknowledged:
        revision, key, count = line.split()
        return cls(int(revision), key, max(int(count), 0), int(count) < 0)

    @property
    def writer(self) -> str:
        return self.key.split("/")[1]


class TestCrashes:
    WRITES = """
        import asyncio, sys
        from pathlib import Path
        from sampan.core.store.history import HistoryPolicy
        from sampan.plugins.stores.sqlite import SqliteStore

        async def write(store, writer):
            item = await store.create(f"/{writer}/counter", b"0")
            count = 0
            while True:
                count += 1
                item = await store.update(item.key, b"%d" % count, item.revision)
                made = await store.create(f"/{writer}/made/{count}", bytes(1000))
                print(item.revision, item.key, count, flush=True)
                print(made.revision, made.key, 0, flush=True)
                if count % 3 == 0:
                    gone = await store.delete(made.key, made.revision)
                    print(gone.revision, gone.key, -1, flush=True)

        async def main():
            store = SqliteStore(Path(sys.argv[1]), history=HistoryPolicy(revisions=10))
            await asyncio.gather(*(write(store, writer) for writer in range(8)))

        asyncio.run(main())
    """

    @pytest.mark.parametrize("acknowledged", [1, 20, 150])
    async def test_kill_9_loses_no_acknowledged_write(self, tmp_path: Path, acknowledged: int) -> None:
        path = tmp_path / "state.db"
        with running(self.WRITES, path) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(acknowledged)]
            process.send_signal(signal.SIGKILL)
            lines += [line for line in process.stdout if line.endswith("\n")]
        told = [Acknowledged.parse(line) for line in lines]
        unsure = {one.writer: one for one in told}.values()  # what a writer did next may have happened, untold

        async with opened(path) as store:
            for one in {one.key: one for one in told}.values():
                item = await store.get(one.key)
                if item is None:
                    assert one.deleted or one in unsure
                else:
                    assert item.revision >= one.revision
                    assert not one.counter or int(item.value) >= one.counter
            before = await store.revision()
            assert before >= max(one.revision for one in told)
            assert (await store.create("/after", b"")).revision == before + 1


class TestFullDisk:
    async def test_a_write_that_does_not_fit_is_refused_and_smaller_ones_go_on(self, tmp_path: Path) -> None:
        async with opened(tmp_path / "state.db", max_bytes=2 * MEGABYTE) as store:
            kept = await store.create("/kept", b"x" * 1000)
            with pytest.raises(InsufficientStorage):
                await store.create("/large", bytes(3 * MEGABYTE))
            assert await store.get("/large") is None
            assert await store.revision() == kept.revision
            assert (await store.create("/small", b"")).revision == kept.revision + 1

    async def test_history_is_given_up_for_what_is_current(self, tmp_path: Path) -> None:
        async with opened(tmp_path / "state.db", max_bytes=2 * MEGABYTE) as store:
            item = await store.create("/a", bytes(100_000))
            for n in range(100):
                item = await store.update("/a", bytes([n]) * 100_000, item.revision)
            assert await store.get("/a") == item

    @pytest.mark.root
    async def test_on_a_file_system_that_is_really_full(self, tmp_path: Path, small_disk: Path) -> None:
        async with opened(small_disk / "state.db") as store:
            item = await store.create("/a", b"0")
            filler = fill(small_disk)
            with pytest.raises(InsufficientStorage):
                await self._write_until_refused(store)
            count = len((await store.list("/")).items)
            filler.unlink()
            changed = await store.update("/a", b"1", item.revision)
            assert changed.revision == count + 2
        async with opened(small_disk / "state.db") as store:
            assert await store.get("/a") == changed

    @pytest.mark.root
    async def test_a_full_disk_is_left_by_deleting(self, small_disk: Path) -> None:
        async with opened(small_disk / "state.db") as store:
            await store.check_room()
            for n in range(20):
                await store.create(f"/before/{n}", bytes(10_000))
            fill(small_disk)
            with pytest.raises(InsufficientStorage, match="delete objects"):
                await self._create_until_there_is_no_room(store)
            made = (await store.list("/")).items
            for item in made[:-1]:
                await store.delete(item.key, item.revision)
            kept = await store.update(made[-1].key, b"changed", made[-1].revision)
            await store.check_room()
            await store.create("/new", b"")
        async with opened(small_disk / "state.db") as store:
            assert await store.get(kept.key) == kept

    async def _create_until_there_is_no_room(self, store: SqliteStore) -> None:
        for n in range(10_000):
            with contextlib.suppress(InsufficientStorage):
                await store.create(f"/more/{n}", bytes(10_000))
            await store.check_room()

    async def _write_until_refused(self, store: SqliteStore) -> None:
        for n in range(10_000):
            await store.create(f"/{n}", bytes(10_000))

    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        disk = tmp_path / "disk"
        disk.mkdir()
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, check=False
        )
        if made.returncode:
            pytest.skip(f"cannot mount a small disk: {made.stderr.decode().strip()}")
        try:
            yield disk
        finally:
            subprocess.run(["umount", str(disk)], check=True)


class TestOpening:
    async def test_a_file_in_use_names_its_holder_and_what_to_do(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        script = """
            import sys
            from sampan.plugins.stores.sqlite import open_sqlite
            store = open_sqlite(sys.argv[1])
            print("open", flush=True)
            sys.stdin.read()
        """
        with running(script, path) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            with pytest.raises(ConfigError, match=rf"in use by process {process.pid}: stop .* or choose another"):
                open_sqlite(f"sqlite://{path}")
            process.send_signal(signal.SIGKILL)
            process.wait()
            await open_sqlite(f"sqlite://{path}").close()

    async def test_a_file_of_another_version(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        await open_sqlite(str(path)).close()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
        with pytest.raises(ConfigError, match=r"another version of sampan \(its format is 99, this one's is 2\)"):
            open_sqlite(str(path))

    async def test_another_programs_database(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE bookmarks (url TEXT)")
        with pytest.raises(ConfigError, match="not a data file of sampan's"):
            open_sqlite(str(path))

    async def test_a_file_that_is_no_database_and_a_refusal_lets_go_of_the_lock(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        path.write_text("something else entirely\n" * 100)
        for _ in range(2):
            with pytest.raises(ConfigError, match="file is not a database"):
                open_sqlite(str(path))
        assert path.read_text().startswith("something else")

    async def test_a_place_where_no_file_can_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(ConfigError, match="cannot use the data file"):
            open_sqlite(str(tmp_path / "file" / "state.db"))

    async def test_no_path(self) -> None:
        with pytest.raises(ConfigError, match="--store sqlite:///PATH"):
            open_sqlite("sqlite://")

    async def test_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        async with opened(tmp_path / "state.db") as store:
            await store.create("/registry/secrets/ns/a", b"password")
            assert {name: oct(mode) for name, mode in modes(tmp_path).items()} == {
                "state.db": "0o600",
                "state.db-wal": "0o600",
                "state.db-shm": "0o600",
                "state.db.lock": "0o600",
                "state.db.reserve": "0o600",
            }


class TestSize:
    async def test_history_is_bounded_and_the_file_with_it(self, tmp_path: Path) -> None:
        """Five megabytes are written; what stays is one value and a little history."""
        path = tmp_path / "state.db"
        async with opened(path, history=HistoryPolicy(revisions=20)) as store:
            item = first = await store.create("/a", bytes(10_000))
            for _ in range(500):
                item = await store.update("/a", bytes(10_000), item.revision)
            with pytest.raises(Expired):
                await store.list("/", revision=first.revision)
            recent = await store.list("/", revision=item.revision - 19)
            assert recent.items[0].revision == item.revision - 19
        assert path.stat().st_size < MEGABYTE
        assert not path.with_name("state.db-wal").exists()


async def test_a_caller_that_left_does_not_disturb_the_others(tmp_path: Path) -> None:
    async with opened(tmp_path / "state.db") as store:
        tasks = [asyncio.create_task(store.create(f"/{n}", b"")) for n in range(10)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(result, KeyValue) for result in results] == [n != 3 for n in range(10)]
        assert len((await store.list("/")).items) == 10
