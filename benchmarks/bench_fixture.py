"""What a cluster in a test costs: start and stop, the first of a session and every later one, with a node and without.

``python -m benchmarks.bench_fixture``. Goal: under 100 ms for each after the first. The floor is what any test of a client
pays: a bare HTTPS server that is started, asked once and stopped.
"""

from __future__ import annotations

import asyncio
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs

from sampan.core.api.pki import ServerFiles, server_files
from sampan.core.client.http import HttpClient
from sampan.core.kubeconfig import Access
from sampan.core.testing.loop_thread import LoopThread
from sampan.core.testing.start import live_cluster
from sampan.core.testing.template import Template

ROUNDS = 30
GOAL_SECONDS = 0.1


def imports() -> float:
    """Seconds that a fresh Python takes to import what a test with a cluster needs."""
    code = (
        "import time; began = time.perf_counter(); import sampan.core.testing.start; print(time.perf_counter() - began)"
    )
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


@attrs.frozen
class Spent:
    """One start and stop: by the clock on the wall, and of the processor."""

    wall: float
    cpu: float


@contextmanager
def timed(into: list[Spent]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    into.append(Spent(time.perf_counter() - wall, time.process_time() - cpu))


def rounds(once: Callable[[int], None]) -> list[Spent]:
    spent: list[Spent] = []
    for number in range(ROUNDS):
        with timed(spent):
            once(number)
    return spent


async def bare_exchange(files: ServerFiles) -> None:
    """A server on asyncio alone, started, asked once over TLS, and stopped."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        writer.close()
        await writer.wait_closed()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate_file, files.key_file)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        client = HttpClient(Access(name="bare", server=f"https://127.0.0.1:{port}", ca_pem=files.ca_pem, token=""))
        await client.request("GET", "/")
        await client.close()


def report(name: str, spent: list[Spent], floor: list[Spent], goal: str = "") -> None:
    wall, cpu = (statistics.median(getattr(each, field) for each in spent) for field in ("wall", "cpu"))
    least = min(each.wall for each in spent)
    ratio = wall / statistics.median(each.wall for each in floor)
    print(f"{name:24}{wall * 1000:8.0f} ms {least * 1000:8.0f} ms {cpu * 1000:8.0f} ms {ratio:7.1f}x   {goal}")


def main() -> None:
    loop = LoopThread()
    with tempfile.TemporaryDirectory(prefix="sampan-bench.") as folder:
        place = Path(folder)
        template = Template(place / "template", loop)

        def start_and_stop(sort: str, nodes: int, number: int) -> None:
            with live_cluster(place / f"{sort}-{number}", loop, nodes=nodes, template=template):
                pass

        first: list[Spent] = []
        with timed(first):
            start_and_stop("first", 1, 0)
        files = server_files(place / "bare", "bare", (), datetime.now(UTC))
        floor = rounds(lambda _: loop.run(bare_exchange(files)))
        clusters = rounds(lambda number: start_and_stop("cluster", 1, number))
        planes = rounds(lambda number: start_and_stop("plane", 0, number))
    loop.close()
    goal = f"goal < {GOAL_SECONDS * 1000:.0f} ms"
    print(f"{'':24}{'median':>11} {'least':>11} {'processor':>11} of the floor")
    report("bare HTTPS server", floor, floor)
    report("sampan_cluster, first", first, floor, f"and {imports() * 1000:.0f} ms of imports")
    report("sampan_cluster, later", clusters, floor, goal)
    report("sampan_plane, later", planes, floor, goal)


if __name__ == "__main__":
    main()
