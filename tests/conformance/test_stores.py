"""The store contract, run on both built-in stores."""

from __future__ import annotations

from pathlib import Path

from sampan.core.store.contract import Store
from sampan.core.testing.store_contract import DurableStoreContract, StoreContract
from sampan.plugins.stores.memory import open_memory
from sampan.plugins.stores.sqlite import open_sqlite


class TestMemoryStore(StoreContract):
    async def open_store(self, directory: Path) -> Store:
        return open_memory("memory:")


class TestSqliteStore(DurableStoreContract):
    async def open_store(self, directory: Path) -> Store:
        return open_sqlite(f"sqlite://{directory}/state.db")
