"""Objects that go by themselves: events, an hour after they were last written (kube-apiserver's ``--event-ttl``), and
bootstrap tokens at their end.

A kind says when (`KindRules.expires_at`). One `Expiry` per API server looks once a minute, on its loop; what it removes is
removed past admission, as a lease of etcd's does it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Pipeline
from sampan.core.api.storage import Cached
from sampan.core.errors import Conflict, NotFound
from sampan.core.loops import Background
from sampan.core.model.kinds import KindRules

EVERY: Final = 60.0
"""Seconds."""


class Expiry:
    """`start` and `stop`; `sweep` is one look."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._loop = Background()

    def start(self) -> None:
        self._loop.start(self._turn, "expiry of objects")

    async def stop(self) -> None:
        """Idempotent."""
        await self._loop.stop()

    async def _turn(self) -> None:
        await asyncio.sleep(EVERY)
        await self.sweep()

    async def sweep(self) -> None:
        """Remove what has had its time."""
        for served in list(self._pipeline.catalog):
            if type(served.storage) is Cached and type(served.info.rules).expires_at is not KindRules.expires_at:
                await self._sweep(served)

    async def _sweep(self, served: Served) -> None:
        now = self._pipeline.clock()
        for entry in list(served.entries.list()):
            expires = served.info.rules.expires_at(entry.wire)
            if expires is not None and expires <= now:
                with contextlib.suppress(Conflict, NotFound):
                    await self._pipeline.remove(served, entry)
