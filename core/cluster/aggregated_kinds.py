"""Kinds that other API servers bring come and go while an engine runs: `AggregatedKinds` tells it of them.

So their objects go with their owners and with their namespace. As Kubernetes' controllers do, it goes by discovery; what a
server has said once counts until its APIService goes, also while it does not answer.
"""

from __future__ import annotations

import asyncio
from functools import partial

from sampan.core.api.aggregation.aggregation import Aggregation
from sampan.core.loops import Background
from sampan.core.model.kinds import KubeObject
from sampan.core.reconcile.engine import Engine

Kinds = set[type[KubeObject]]


class AggregatedKinds:
    """Made after its engine has been started."""

    def __init__(self, engine: Engine, aggregation: Aggregation) -> None:
        self._engine = engine
        self._aggregation = aggregation
        self._wanted: dict[str, Kinds] = {}
        self._followed: dict[str, Kinds] = {}
        """By version: ``group/version``."""
        self._settled: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._loop = Background()

    def start(self) -> None:
        self._loop.start(self._turn, "following aggregated kinds")

    async def stop(self) -> None:
        """Idempotent."""
        await self._loop.stop()
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _turn(self) -> None:
        self._aggregation.moved.clear()
        present = {f"{group}/{version}": kinds for (group, version), kinds in self._aggregation.kinds().items()}
        for version in sorted({*present, *self._wanted}):
            wanted = present.get(version)
            if wanted != self._wanted.get(version):
                self._change(version, wanted)
        await self._aggregation.moved.wait()

    def _change(self, version: str, wanted: Kinds | None) -> None:
        if wanted is None:
            self._wanted.pop(version, None)
        else:
            self._wanted[version] = set(wanted)
        self._settled.discard(version)
        self._engine.settle(frozenset(self._settled))
        before = self._tasks.get(version)
        switch = partial(self._switch, version, wanted, before)
        self._tasks[version] = asyncio.create_task(switch(), name=f"kinds of {version}")

    async def _switch(self, version: str, wanted: Kinds | None, before: asyncio.Task[None] | None) -> None:
        """One change after the other; one that still waits for a server to answer is given up."""
        if before is not None:
            before.cancel()
            await asyncio.gather(before, return_exceptions=True)
        followed = self._followed.setdefault(version, set())
        for kind in followed - (wanted or set()):
            followed.discard(kind)
            await self._engine.forget(kind)
        for kind in (wanted or set()) - followed:
            followed.add(kind)
            await self._engine.follow(kind)
        if wanted is not None:
            self._settled.add(version)
            self._engine.settle(frozenset(self._settled))
