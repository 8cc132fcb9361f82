"""The built-in stores: `memory` for tests and short-lived clusters, `sqlite` for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sampan.core.registry import Registry


def register(registry: Registry) -> None:
    from sampan.plugins.stores.memory import open_memory
    from sampan.plugins.stores.sqlite import open_sqlite

    registry.store("memory", open_memory, volatile=True)
    registry.store("sqlite", open_sqlite)
