"""What a whole cluster can be asked from outside, whichever commit it is of: measures that need its kubeconfig alone."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

import attrs

from benchmarks.bench_writes import PODS, create_pods, fan_out
from benchmarks.cluster import Running, until_ready
from benchmarks.connection import Connection
from sampan.core.kubeconfig import Access, read_access

CONNECTIONS = 8
NODES = "/api/v1/nodes"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@attrs.frozen
class Figure:
    name: str
    value: float
    unit: str
    more_is_better: bool = False


@attrs.define
class Taken:
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of the control plane's process."""


@contextmanager
def timed(running: Running) -> Iterator[Taken]:
    taken, cpu, began = Taken(), running.cpu_seconds(), time.perf_counter()
    yield taken
    taken.seconds, taken.cpu_seconds = time.perf_counter() - began, running.cpu_seconds() - cpu


def of_each(name: str, count: int, taken: Taken) -> list[Figure]:
    """How many a second, and what each costs."""
    return [
        Figure(f"{name}, a second", count / taken.seconds, "/s", more_is_better=True),
        Figure(f"{name}, processor time each", taken.cpu_seconds / count * 1e6, "us"),
    ]


async def start(running: Running) -> list[Figure]:
    ready = await asyncio.to_thread(until_ready, running)
    return [
        Figure("up to a Ready node", ready, "s"),
        Figure("processor time until then", running.cpu_seconds(), "s"),
        Figure("resident, nothing in it", running.resident_bytes() / 1e6, "MB"),
    ]


async def read(running: Running) -> list[Figure]:
    """GET of one pod and LIST of 500."""
    access = await ready(running)
    await create_pods(access, 500)
    async with connected(access, 1) as [asking]:
        name = (await asking.ask("GET", f"{PODS}?limit=1"))["items"][0]["metadata"]["name"]
    figures = []
    for what, path, count in (("GET a pod", f"{PODS}/{name}", 8000), ("LIST 500 pods", PODS, 400)):
        async with connected(access, CONNECTIONS) as connections:
            with timed(running) as taken:
                await asyncio.gather(*(ask_often(each, path, count // CONNECTIONS) for each in connections))
        figures += of_each(what, count, taken)
    return figures


async def ask_often(connection: Connection, path: str, times: int) -> None:
    for _ in range(times):
        await connection.raw("GET", path)


async def write(running: Running) -> list[Figure]:
    """Creates on 8 connections; a change to 200 watchers."""
    access = await ready(running)
    await create_pods(access, 400)
    with timed(running) as creating:
        await create_pods(access, 2000, CONNECTIONS)
    with timed(running) as telling:
        await fan_out(access)
    return [*of_each("pods created", 2000, creating), *of_each("events to 200 watchers", 10_000, telling)]


async def roll_out(running: Running, pods: int = 1000, nodes: int = 100) -> list[Figure]:
    """A Deployment from its creation to the moment when the last of its pods has a node."""
    access = await ready(running)
    names = [f"node-{number}" for number in range(nodes)]
    async with connected(access, 4) as [asking, beating, of_nodes, of_pods]:
        for name in names:
            await asking.raw("POST", NODES, node(name))
        heart = asyncio.create_task(heartbeats(beating, names))
        await of_nodes.watch(f"{NODES}?watch=true&resourceVersion=0")
        await until_all(of_nodes, nodes + 1, lambda seen: not seen["spec"].get("taints"))
        version = (await asking.ask("GET", PODS))["metadata"]["resourceVersion"]
        await of_pods.watch(f"{PODS}?watch=true&resourceVersion={version}")
        with timed(running) as taken:
            await asking.raw("POST", DEPLOYMENTS, deployment(pods))
            await until_all(of_pods, pods, lambda seen: bool(seen["spec"].get("nodeName")))
        heart.cancel()
    return [
        Figure(f"{pods} replicas on {nodes} nodes, until bound", taken.seconds, "s"),
        Figure("processor time for them", taken.cpu_seconds, "s"),
    ]


async def heartbeats(beating: Connection, names: list[str]) -> None:
    """Of nodes that nobody is behind, so that they stay ready."""
    while True:
        for name in names:
            await beating.raw("PUT", f"{NODES}/{name}/status", node(name))
        await asyncio.sleep(10)


async def until_all(watching: Connection, count: int, holds: Callable[[Any], bool]) -> None:
    """Follow a watch until so many objects are as they should be."""
    settled: set[str] = set()
    while len(settled) < count:
        line = await watching.reader.readline()
        if line.startswith(b"{"):
            seen = json.loads(line)["object"]
            (settled.add if holds(seen) else settled.discard)(seen["metadata"]["name"])


def node(name: str) -> dict[str, object]:
    room = {"cpu": "32", "memory": "64Gi", "pods": "110"}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now}
    return {"metadata": {"name": name}, "status": {"capacity": room, "allocatable": room, "conditions": [condition]}}


def deployment(replicas: int) -> dict[str, object]:
    labels = {"app": "web"}
    container = {"name": "web", "image": "nginx:1.27", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": "web"}, "spec": spec}


async def ready(running: Running) -> Access:
    await asyncio.to_thread(until_ready, running)
    return read_access(running.kubeconfig)


@asynccontextmanager
async def connected(access: Access, count: int) -> AsyncIterator[list[Connection]]:
    connections = [await Connection(access).open() for _ in range(count)]
    try:
        yield connections
    finally:
        for each in connections:
            each.close()


MEASURES: tuple[Callable[[Running], Coroutine[Any, Any, list[Figure]]], ...] = (start, read, write, roll_out)
