"""Starting a cluster for a test: with the plugins that the test has named, in a folder of its own.

`sampan.core.testing.pytest_plugin` makes one for each test that asks; without pytest, use `live_cluster`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sampan.core.cluster import Cluster
from sampan.core.config import Config
from sampan.core.kubeconfig import write_kubeconfig
from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugin_sources import OWN_DISTRIBUTION, installed_entry_points, named
from sampan.core.plugins import Plugins, load_plugins
from sampan.core.reconcile.clock import Clock
from sampan.core.testing.backends import Backend, PlaneAlone
from sampan.core.testing.live_cluster import LiveCluster
from sampan.core.testing.loop_thread import LoopThread
from sampan.core.testing.testing_plugin import TestingPlugin
from sampan.core.testing.traffic import Traffic

if TYPE_CHECKING:
    from importlib import metadata


@contextmanager
def live_cluster(
    folder: Path,
    loop: LoopThread,
    *,
    plugins: Iterable[object] = (),
    installed: bool = False,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    nodes: int = 1,
    clock: Clock | None = None,
    pki: Path | None = None,
) -> Iterator[LiveCluster]:
    """Start it in ``folder``; it is gone afterwards.

    ``plugins``: modules, objects, or names as ``--plugin`` takes them. ``installed``: those of other distributions too.
    ``nodes``: 0 is the control plane alone. ``pki``: a folder that keeps keys and certificates from one cluster to the
    next, since making them takes a while.
    """
    traffic = Traffic()
    loaded = _load(plugins, installed, settings or {}, traffic)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if pki is not None and pki.is_dir():
        shutil.copytree(pki, folder / "pki")
        (folder / "version").write_text("1\n")
    config = Config(
        cluster="test", data_dir=folder, port=0, runtime="simulated", proxy="none", dns="none", store="memory:",
        node_name="node", nodes=nodes,
    )  # fmt: skip
    cluster: Backend = loop.call(
        lambda: Cluster(config, loaded, clock=clock) if nodes else PlaneAlone(folder, loaded, clock)
    )
    loop.run(cluster.start())
    if pki is not None and not pki.is_dir():
        shutil.copytree(folder / "pki", pki)
    made = LiveCluster(cluster, loop, traffic, loaded, folder)
    write_kubeconfig(made.kubeconfig, cluster.access)
    try:
        yield made
    finally:
        made.close()


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
    points = installed_entry_points if installed else _own_entry_points
    return load_plugins(PluginChoice(settings=settings), extra=extra, entry_points=points)


def _own_entry_points() -> Iterable[metadata.EntryPoint]:
    """sampan's own alone, looked for once: what else is installed is no part of a test that has not named it."""
    if not _OWN:
        points = installed_entry_points()
        _OWN.extend(each for each in points if each.dist is not None and each.dist.name == OWN_DISTRIBUTION)
    return _OWN


_OWN: list[Any] = []
