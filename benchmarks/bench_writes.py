"""What writes cost: pods created a second on 8 connections, events a second to 200 watchers, bytes of 10,000 pods held.

``python -m benchmarks.bench_writes`` starts a real cluster (TLS, SQLite, every admission step and RBAC) on the simulated
runtime; the pods name a scheduler that nobody runs, so that only the API server is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from benchmarks.cluster import Running, cluster, until_ready
from benchmarks.connection import Connection
from sampan.core.kubeconfig import Access, read_access

PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "p-", "labels": {"app": "web"}},
    "spec": {
        "schedulerName": "nobody",
        "containers": [
            {
                "name": "web",
                "image": "nginx:1.27",
                "ports": [{"containerPort": 80}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
            }
        ],
    },
}


async def create_pods(access: Access, count: int, connections: int = 8) -> float:
    """Creates a second."""

    async def some() -> None:
        connection = await Connection(access).open()
        for _ in range(count // connections):
            await connection.ask("POST", PODS, POD)
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(connections)))
    return count / (time.perf_counter() - began)


async def fan_out(access: Access, watchers: int = 200, changes: int = 50) -> float:
    """Events a second, all watchers together."""
    writer = await Connection(access).open()
    made = await writer.ask("POST", MAPS, {"metadata": {"name": "fan"}, "data": {"n": "0"}})
    version = made["metadata"]["resourceVersion"]
    opened = [await Connection(access).open() for _ in range(watchers)]
    for each in opened:
        await each.watch(f"{MAPS}?watch=true&resourceVersion={version}&fieldSelector=metadata.name%3Dfan")

    async def read(connection: Connection) -> None:
        seen = 0
        while seen < changes:
            seen += (await connection.reader.readline()).startswith(b'{"type"')
        connection.close()

    began = time.perf_counter()
    reading = [asyncio.create_task(read(each)) for each in opened]
    for number in range(changes):
        await writer.ask("PUT", f"{MAPS}/fan", {"metadata": {"name": "fan"}, "data": {"n": str(number + 1)}})
    await asyncio.gather(*reading)
    return watchers * changes / (time.perf_counter() - began)


def measure(running: Running, pods: int) -> None:
    """Rates, and the server's CPU time, which other programs on the machine change less."""
    access = read_access(running.kubeconfig)
    asyncio.run(create_pods(access, 400))
    for name, count, work in (
        ("pods created on 8 connections", 2000, create_pods(access, 2000)),
        ("events to 200 watchers", 10_000, fan_out(access)),
    ):
        before = running.cpu_seconds()
        rate = asyncio.run(work)
        cost = (running.cpu_seconds() - before) / count
        print(f"{name}: {rate:.0f}/s, {cost * 1e6:.0f} us of the server's CPU each", flush=True)
    asyncio.run(create_pods(access, max(pods - 2400, 8)))
    print(f"resident with {pods} pods: {running.resident_bytes() / 2**20:.0f} MiB (goal: at most 300)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=10_000)
    options = parser.parse_args()
    with cluster("simulated") as running:
        until_ready(running)
        measure(running, options.pods)


if __name__ == "__main__":
    main()
