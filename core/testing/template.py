"""What the clusters of a test session begin with, made once: keys, certificates, and what every control plane writes first.

Each cluster goes on from there as one does that was stopped: it looks at what there is, and finds it good. So the system's
own objects (namespaces, roles, service accounts) are as old as the session's first cluster.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from sampan.core.datadir import LAYOUT_VERSION
from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugins import Plugins, load_plugins
from sampan.core.store.contract import KeyValue, Store
from sampan.core.testing.control_plane import control_plane
from sampan.core.testing.loop_thread import LoopThread
from sampan.core.testing.own_plugins import own_entry_points
from sampan.core.testing.testing_plugin import SERVICE_RANGE


class Template:
    """Made in ``folder`` when it is first asked for."""

    def __init__(self, folder: Path, loop: LoopThread) -> None:
        self._folder = folder
        self.loop = loop
        self._objects: Sequence[KeyValue] | None = None

    def lay_out(self, folder: Path) -> None:
        """Put keys and certificates into a cluster's data directory, which is empty."""
        self.objects()
        shutil.copytree(self._folder / "pki", folder / "pki")
        (folder / "version").write_text(f"{LAYOUT_VERSION}\n")

    def objects(self) -> Sequence[KeyValue]:
        """What there is in a store once its control plane has come to rest."""
        if self._objects is None:
            self._objects = self.loop.run(self._written())
        return self._objects

    async def _written(self) -> Sequence[KeyValue]:
        self._folder.mkdir(parents=True, mode=0o700)
        plugins = load_plugins(PluginChoice(), entry_points=own_entry_points)
        store = memory_store(plugins)
        made = control_plane(self._folder, plugins=plugins, store=store, controllers=True, service_cidr=SERVICE_RANGE)
        async with made as plane:
            if plane.engine is not None:
                await plane.engine.settled()
            await plane.api.flow_keeper.keep()
            return (await store.list("/")).items


def memory_store(plugins: Plugins) -> Store:
    """An empty one."""
    store: Store = plugins.registry.stores.find("memory").make("memory:")
    return store


async def fill(store: Store, objects: Iterable[KeyValue]) -> None:
    for each in objects:
        await store.create(each.key, each.value)
