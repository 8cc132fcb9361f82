"""What the promises of a store are tried with."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sampan.core.store.contract import Store, StoreEvent

PATIENCE = 10.0
"""Seconds that a test waits for an event before it fails."""


async def collect(events: AsyncIterator[StoreEvent], count: int) -> list[StoreEvent]:
    """The next ``count`` events."""
    async with asyncio.timeout(PATIENCE):
        return [await anext(events) for _ in range(count)]


def seen(events: Sequence[StoreEvent]) -> list[tuple[str, str, bytes, int]]:
    return [(event.type, event.item.key, event.item.value, event.revision) for event in events]


@pytest.mark.anyio
class StoreBench(ABC):
    """How a store is opened, by whoever has one to try."""

    @abstractmethod
    async def open_store(self, directory: Path) -> Store:
        """A store on ``directory``: empty the first time, and what was left there after that (if it is durable)."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @asynccontextmanager
    async def opened(self, directory: Path) -> AsyncIterator[Store]:
        store = await self.open_store(directory)
        try:
            yield store
        finally:
            await store.close()
