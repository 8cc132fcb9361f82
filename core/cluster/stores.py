"""The cluster's store: opened by its URL, and refused where what was in it has been lost."""

from __future__ import annotations

from sampan.core.datadir import Decisions
from sampan.core.errors import ConfigError
from sampan.core.plugins import Plugins
from sampan.core.store.contract import Store

EMPTY_REVISION = 1


def open_store(decisions: Decisions, plugins: Plugins) -> Store:
    """Blocking. Raises `ConfigError` where it cannot be had."""
    return plugins.registry.stores.find(scheme_of(decisions)).make(decisions.store)


async def check_filled(store: Store, decisions: Decisions, plugins: Plugins) -> None:
    """Raises `ConfigError` where a store that keeps its data has none any more.

    To a node agent an empty API means that every pod is to end: a lost file must not take the pods with it.
    """
    forgets = scheme_of(decisions) in plugins.registry.volatile_stores
    if decisions.is_filled and not forgets and await store.revision() == EMPTY_REVISION:
        raise ConfigError(
            f"{decisions.store} is empty, though this cluster has had objects in it: is its disk there, was its file"
            " removed? Bring the data back; or end the cluster and its pods with `sampan down --purge`, and begin anew"
        )


def scheme_of(decisions: Decisions) -> str:
    return decisions.store.partition(":")[0]
