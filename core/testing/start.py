"""Starting a cluster for a test: with the plugins that the test has named, in a folder of its own.

`sampan.core.testing.pytest_plugin` makes one for each test that asks; without pytest, use `live_cluster`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sampan.core.cluster.cluster import Cluster
from sampan.core.config import Config
from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugin_sources import installed_entry_points, named
from sampan.core.plugins import Plugins, load_plugins
from sampan.core.reconcile.clock import Clock
from sampan.core.testing.backends import Backend, PlaneAlone
from sampan.core.testing.garbage import set_aside, taken_back
from sampan.core.testing.live_cluster import LiveCluster
from sampan.core.testing.loop_thread import LoopThread
from sampan.core.testing.own_plugins import own_entry_points
from sampan.core.testing.template import Template, fill, memory_store
from sampan.core.testing.testing_plugin import TestingPlugin
from sampan.core.testing.traffic import Traffic

SIMULATED = "simulated"


@contextmanager
def live_cluster(
    folder: Path,
    loop: LoopThread,
    *,
    plugins: Iterable[object] = (),
    installed: bool = False,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    nodes: int = 1,
    runtime: str = SIMULATED,
    clock: Clock | None = None,
    template: Template | None = None,
) -> Iterator[LiveCluster]:
    """Start it in ``folder``; it is gone afterwards.

    ``plugins``: modules, objects, or names as ``--plugin`` takes them. ``installed``: those of other distributions too.
    ``nodes``: 0 is the control plane alone. ``runtime``: what their pods run on; all but the simulated one run something on
    this machine, which is taken away at the end. ``template``: what it begins with, which saves most of the time that a
    start takes.
    """
    with set_aside():
        made = _start(folder, loop, plugins, installed, settings or {}, nodes, runtime, clock, template)
    try:
        yield made
    finally:
        try:
            made.close()
        finally:
            taken_back()


def _start(
    folder: Path,
    loop: LoopThread,
    plugins: Iterable[object],
    installed: bool,
    settings: Mapping[str, Mapping[str, Any]],
    nodes: int,
    runtime: str,
    clock: Clock | None,
    template: Template | None,
) -> LiveCluster:
    traffic = Traffic()
    loaded = _load(plugins, installed, settings, traffic)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = memory_store(loaded)
    if template is not None:
        template.lay_out(folder)
        loop.run(fill(store, template.objects(clock.now() if clock else datetime.now(UTC))))
    # An engine tells clusters apart by their names.
    name = "test" if runtime == SIMULATED else f"test-{uuid4().hex[:8]}"
    config = Config(
        cluster=name, data_dir=folder, port=0, runtime=runtime, proxy="none", dns="none", store="memory:",
        node_name="node", nodes=nodes,
    )  # fmt: skip

    def make() -> Backend:
        if not nodes:
            return PlaneAlone(folder, loaded, clock, store)
        return Cluster(config, loaded, clock=clock, store=store, passing=runtime != SIMULATED)

    cluster = loop.call(make)
    loop.run(cluster.start())
    traffic.requests.clear()  # a start is no part of a test
    return LiveCluster(cluster, loop, traffic, loaded, folder)


def _load(
    plugins: Iterable[object], installed: bool, settings: Mapping[str, Mapping[str, Any]], traffic: Traffic
) -> Plugins:
    extra: list[tuple[str, object]] = [("testing", TestingPlugin(traffic))]
    for plugin in plugins:
        if isinstance(plugin, str | Path):
            found = named(str(plugin))
            extra.append((found.name, found.load()))
        else:
            name = getattr(plugin, "__name__", type(plugin).__name__)
            extra.append((name.rpartition(".")[2], plugin))
    points = installed_entry_points if installed else own_entry_points
    return load_plugins(PluginChoice(settings=settings), extra=extra, entry_points=points)
