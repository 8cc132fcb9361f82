"""Creates per second on the sqlite store, against bare fsyncs per second on the same disk in the same run.

One writer waits for one fsync per create, so it can at best reach 1.0; with 64 writers group commit should go far beyond.

    python benchmarks/bench_store.py [DIRECTORY]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from sampan.core.store.contract import Store
from sampan.plugins.stores.sqlite import open_sqlite

POD = b'{"kind":"Pod","spec":"' + b"x" * 3000 + b'"}'
SECONDS = 2.0


def fsyncs_per_second(directory: Path) -> float:
    """Append a pod's worth of bytes and fsync, over and over."""
    count, start = 0, time.perf_counter()
    with (directory / "bare").open("wb", buffering=0) as file:
        while time.perf_counter() - start < SECONDS:
            file.write(POD)
            os.fsync(file.fileno())
            count += 1
    return count / (time.perf_counter() - start)


async def creates_per_second(store: Store, writers: int) -> float:
    start = time.perf_counter()

    async def write(writer: int) -> int:
        count = 0
        while time.perf_counter() - start < SECONDS:
            await store.create(f"/registry/pods/{writers}-{writer}/{count}", POD)
            count += 1
        return count

    total = sum(await asyncio.gather(*(write(writer) for writer in range(writers))))
    return total / (time.perf_counter() - start)


async def main(directory: Path) -> None:
    bare = fsyncs_per_second(directory)
    print(f"bare fsyncs                {bare:8.0f}/s")
    store = open_sqlite(f"sqlite://{directory}/state.db")
    try:
        for writers in (1, 64):
            rate = await creates_per_second(store, writers)
            print(f"creates, {writers:2} writer(s)      {rate:8.0f}/s   {rate / bare:5.2f}x")
    finally:
        await store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as made:
        asyncio.run(main(Path(made).absolute()))
