"""What the clusters of a test session begin with, made once: keys, certificates, and what every control plane writes first.

Each cluster goes on from there as one does that was stopped: it looks at what there is, and finds it good. The system's own
objects (namespaces, roles, service accounts) are as new as the cluster, with uids of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from sampan.core.datadir import LAYOUT_VERSION
from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugins import Plugins, load_plugins
from sampan.core.store.contract import KeyValue, Store
from sampan.core.testing.control_plane import control_plane
from sampan.core.testing.loop_thread import LoopThread
from sampan.core.testing.own_plugins import own_entry_points
from sampan.core.testing.renewal import Renewal
from sampan.core.testing.testing_plugin import SERVICE_RANGE


class Template:
    """Made in ``folder`` when it is first asked for."""

    def __init__(self, folder: Path, loop: LoopThread) -> None:
        self._folder = folder
        self.loop = loop
        self._written: Sequence[KeyValue] | None = None
        self._renewal: Renewal | None = None

    def lay_out(self, folder: Path) -> None:
        """Put keys and certificates into a cluster's data directory, which is empty."""
        self.written()
        shutil.copytree(self._folder / "pki", folder / "pki")
        (folder / "version").write_text(f"{LAYOUT_VERSION}\n")

    def written(self) -> Sequence[KeyValue]:
        """What there is in a store once its control plane has come to rest."""
        if self._written is None:
            self._written = self.loop.run(self._write())
        return self._written

    def objects(self, now: datetime) -> Iterable[tuple[str, bytes]]:
        """The same as a cluster has it that begins now: key and value."""
        if self._renewal is None:
            self._renewal = Renewal(self.written())
        return self._renewal.renewed(now)

    async def _write(self) -> Sequence[KeyValue]:
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


async def fill(store: Store, objects: Iterable[tuple[str, bytes]]) -> None:
    for key, value in objects:
        await store.create(key, value)
