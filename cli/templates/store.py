"""A store: everything in memory, as sampan's own, and a count of the writes. Try it with --store ferry:."""

from __future__ import annotations

from sampan.core.store.contract import KeyValue
from sampan.plugin import Registry, Store, hookimpl
from sampan.plugins.stores.memory import MemoryStore


class Ferry(MemoryStore):
    """See `sampan.plugin.Store` for what a store promises; its suite holds yours to that."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    async def create(self, key: str, value: bytes) -> KeyValue:
        self.writes += 1
        return await super().create(key, value)


def open_ferry(url: str) -> Store:
    """Objects in memory, gone with the process. `url` is all that stands after --store."""
    return Ferry()


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.store("ferry", open_ferry, volatile=True)  # it is empty at every start
