"""Whole clusters inside a test that leave the machine as it is: simulated pods, and a proxy that does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sampan.core.cluster.cluster import Cluster
from sampan.core.config import Config
from sampan.core.contracts.proxy import ProxyReport, ProxySettings
from sampan.core.hooks import hookimpl
from sampan.core.plugins import Plugins, load_plugins
from sampan.core.registry import Registry


class QuietProxy:
    """Leaves the machine as it is."""

    def __init__(self, _settings: ProxySettings) -> None: ...

    def service_cidr(self) -> str:
        return "127.97.0.0/16"

    def start(self) -> None: ...

    def sync(self, desired: object) -> ProxyReport:
        return ProxyReport()

    def destroy(self) -> None: ...

    def close(self) -> None: ...


class QuietPlugin:
    """Brings that proxy under the name ``quiet``."""

    @hookimpl
    def sampan_register(self, registry: Registry) -> None:
        registry.proxy("quiet", QuietProxy)


def quiet_cluster(directory: Path, plugins: Plugins | None = None, **options: Any) -> Cluster:
    """Not started yet. ``plugins`` must have `QuietPlugin` among them; ``options`` are those of `Config`."""
    config = Config(
        data_dir=directory / "data", port=0, runtime="simulated", proxy="quiet", dns="none", node_name="n1",
        **options,
    )  # fmt: skip
    return Cluster(config, plugins or load_plugins(extra=[("quiet", QuietPlugin())]))


@asynccontextmanager
async def running(cluster: Cluster) -> AsyncIterator[Cluster]:
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.stop()
