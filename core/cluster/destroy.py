"""Taking a cluster down when no control plane runs: pods, network and rules go; the data stays unless purged."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sampan.core.cluster.parts import Say, make_volume_drivers, open_runtime
from sampan.core.config import Config
from sampan.core.contracts.proxy import ProxySettings
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError
from sampan.core.kubeconfig import remove_context
from sampan.core.model.kinds import KubeObject
from sampan.core.node.machine.settings import NodeSettings
from sampan.core.node.pod_volumes import PodVolumes
from sampan.core.plugins import Plugins


async def destroy_cluster(config: Config, plugins: Plugins, say: Say, *, purge: bool = False) -> None:
    """Remove what the cluster has on this machine. Idempotent. Raises `ConfigError` where its control plane still runs."""
    directory = DataDir(config.data_dir)
    if not directory.exists():
        say(f"there is no cluster in {config.data_dir}")
        return
    directory.open()
    try:
        await asyncio.to_thread(_destroy, config, plugins, say)
    finally:
        directory.close()
    _forget_context(config.kubeconfig, config.cluster)
    if purge:
        directory.purge()
        say(f"data: {config.data_dir} deleted")
    else:
        say(f"data: kept in {config.data_dir} (delete it with --purge)")


def _destroy(config: Config, plugins: Plugins, say: Say) -> None:
    directory = DataDir(config.data_dir)
    decisions = directory.decisions(config.cluster)
    if decisions.runtime:
        runtime = open_runtime(config, plugins)
        runtime.destroy()
        runtime.close()
        say(f"pods: removed from {decisions.runtime}")
    _unpublish_volumes(directory, decisions, plugins)
    if decisions.proxy:
        settings = ProxySettings(
            cluster=decisions.cluster,
            state_dir=directory.folder("proxy", decisions.proxy),
            service_cidr=decisions.service_cidr,
            pod_cidr=decisions.pod_cidr,
        )
        plugins.registry.proxies.find(decisions.proxy).make(settings).destroy()
        say(f"service addresses: {decisions.service_cidr} released")


def _unpublish_volumes(directory: DataDir, decisions: Decisions, plugins: Plugins) -> None:
    settings = NodeSettings(name=decisions.node_name, cluster=decisions.cluster, data_dir=directory.path)
    volumes = PodVolumes(settings, make_volume_drivers(plugins), _no_objects, {})
    for uid in volumes.left_over():
        volumes.unpublish(uid)


def _no_objects(_kind: type[KubeObject], _namespace: str, _name: str) -> KubeObject | None:
    """What volumes may read while there is no API."""
    return None


def _forget_context(kubeconfig: Path | None, cluster: str) -> None:
    if kubeconfig is None:
        return
    try:
        remove_context(kubeconfig, cluster)
    except ConfigError:
        return  # not a kubeconfig (any more): nothing of ours is in it
