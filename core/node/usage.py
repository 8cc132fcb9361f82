"""What the node and its pods use: the runtime's counters, and rates between two looks at them.

On the event loop; the runtime is asked in a worker thread, at most once in `FRESH` seconds however many want to know.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Container, Stats
from sampan.core.contracts.streams import ContainerUsage, NodeUsage, PodUsage
from sampan.core.errors import SampanError
from sampan.core.node.decide.view import container_name
from sampan.core.node.parts import NodeParts
from sampan.core.node.record import PodRecord

FRESH = 2.0
"""Seconds for which an answer serves others too."""
LEAST_WINDOW, WANTED_WINDOW = 1.0, 15.0
"""Seconds between two looks that a rate may be made of, and after which the older one is replaced."""
NANOS = 1_000_000_000
PROC = Path("/proc")


@frozen
class Counter:
    """CPU time, in nanoseconds, at a moment."""

    nanos: int
    at: datetime


class Meter:
    """``records`` gives the pods of this node."""

    def __init__(self, parts: NodeParts, records: Callable[[], Iterable[PodRecord]]) -> None:
        self._parts = parts
        self._records = records
        self._before: dict[str, Counter] = {"": Counter(machine_usage()[0], parts.clock.now())}
        """By container id, and ``""`` for the machine."""
        self._newest: dict[str, Counter] = {}
        self._last: NodeUsage | None = None
        self._asked_at = 0.0
        self._lock = asyncio.Lock()

    async def usage(self) -> NodeUsage:
        async with self._lock:
            now = time.monotonic()
            if self._last is None or now - self._asked_at > FRESH:
                self._last = await self._look()
                self._asked_at = time.monotonic()
            return self._last

    async def _look(self) -> NodeUsage:
        records = [each for each in self._records() if not each.gone]
        running = [each for record in records for each in record.containers if each.state == "running"]
        stats, machine = await self._parts.calls.run(self._ask, [each.id for each in running])
        at = self._parts.clock.now()
        self._remember(stats, Counter(machine[0], at))
        node_rate, window = self._rate("", Counter(machine[0], at), at)
        return NodeUsage(
            node=self._parts.settings.name,
            labels=self._parts.settings.labels,
            cpu_nanocores=node_rate,
            memory_bytes=machine[1],
            at=at,
            window=window,
            pods=tuple(self._pod(record, stats, at) for record in records if _is_told(record, stats)),
        )

    def _ask(self, ids: Sequence[str]) -> tuple[dict[str, Stats], tuple[int, int]]:
        """In a worker thread. A container that has just ended is left out."""
        found = {}
        for container_id in ids:
            try:
                found[container_id] = self._parts.runtime.stats(container_id)
            except SampanError:
                continue
        return found, machine_usage()

    def _remember(self, stats: Mapping[str, Stats], machine: Counter) -> None:
        newest = {"": machine, **{key: Counter(each.cpu_nanos, each.at) for key, each in stats.items()}}
        for key, counter in newest.items():
            last = self._newest.get(key)
            before = self._before.get(key)
            if last is not None and (before is None or (counter.at - before.at).total_seconds() > WANTED_WINDOW):
                self._before[key] = last
        self._newest = newest
        self._before = {key: each for key, each in self._before.items() if key in newest}

    def _rate(self, key: str, now: Counter, since: datetime) -> tuple[int, float]:
        """Nanocores, and the seconds that they are of; since the beginning where nobody has looked before."""
        before = self._before.get(key)
        if before is not None and (seconds := (now.at - before.at).total_seconds()) >= LEAST_WINDOW:
            return max(0, int((now.nanos - before.nanos) / seconds)), seconds
        seconds = (now.at - since).total_seconds()
        return (int(now.nanos / seconds) if seconds >= LEAST_WINDOW else 0), max(seconds, LEAST_WINDOW)

    def _pod(self, record: PodRecord, stats: Mapping[str, Stats], at: datetime) -> PodUsage:
        containers, windows = [], [LEAST_WINDOW]
        for container in record.containers:
            if container.id in stats:
                usage, window = self._container(container, stats[container.id])
                containers.append(usage)
                windows.append(window)
        return PodUsage(
            pod=record.ref,
            labels=record.pod.metadata.labels,
            containers=tuple(containers),
            at=at,
            window=max(windows),
        )

    def _container(self, container: Container, stats: Stats) -> tuple[ContainerUsage, float]:
        began = container.started_at or container.created_at
        rate, window = self._rate(container.id, Counter(stats.cpu_nanos, stats.at), began)
        usage = ContainerUsage(
            name=container_name(container),
            cpu_nanocores=rate,
            cpu_nanos=stats.cpu_nanos,
            memory_bytes=stats.memory_bytes,
            started_at=began,
        )
        return usage, window


def _is_told(record: PodRecord, stats: Mapping[str, Stats]) -> bool:
    return any(each.id in stats for each in record.containers)


def machine_usage(proc: Path = PROC) -> tuple[int, int]:
    """CPU time of the machine since it started, in nanoseconds, and the memory in use, in bytes."""
    try:
        ticks = [int(word) for word in (proc / "stat").read_text().partition("\n")[0].split()[1:9]]
        memory = dict(line.split(":", 1) for line in (proc / "meminfo").read_text().splitlines())
    except (OSError, ValueError):
        return 0, 0
    user, nice, system, _idle, _wait, irq, soft, steal = ticks
    busy = (user + nice + system + irq + soft + steal) * NANOS // os.sysconf("SC_CLK_TCK")

    def kilobytes(name: str) -> int:
        return int(memory.get(name, "0 kB").split()[0])

    return busy, max(0, kilobytes("MemTotal") - kilobytes("MemAvailable")) * 1024
