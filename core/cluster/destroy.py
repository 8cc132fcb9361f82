"""Taking down what is on this machine when no control plane runs: pods, network and rules go; data stays unless purged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sampan.core.cluster.here import cluster_naming, http_routing, local_nodes, policy_guarding, service_proxying
from sampan.core.cluster.say import Say
from sampan.core.config import Config
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError, unexpected
from sampan.core.host.capabilities import is_network_admin
from sampan.core.host.conntrack import forget_ranges
from sampan.core.host.host_names import HostNames
from sampan.core.ip import join, split
from sampan.core.kubeconfig import read_access, remove_context
from sampan.core.plugins import Plugins


async def destroy_cluster(config: Config, plugins: Plugins, say: Say, *, purge: bool = False) -> None:
    """Remove what the cluster has on this machine. Idempotent. Raises `ConfigError` where its control plane still runs.

    What cannot be removed (its plugin is gone, its engine does not answer) keeps nothing else from going; it is told in a
    `ConfigError` at the end, and the data stays in any case, without which nobody could find it again.
    """
    directory = DataDir(config.data_dir)
    if not directory.exists():
        say(f"there is no cluster in {config.data_dir}")
        return
    directory.open()
    try:
        decisions = directory.decisions(config.cluster)
        left = await asyncio.to_thread(_destroy, directory, decisions, plugins, say)
    finally:
        directory.close()
    if not decisions.server:
        _forget_context(config.kubeconfig, directory, say)
    if left:
        raise ConfigError(
            f"not removed: {'; '.join(left)}."
            f" The data stays in {config.data_dir}: run `sampan down` again once that is mended"
        )
    if purge:
        directory.purge()
        say(f"data: {config.data_dir} deleted")
    else:
        say(f"data: kept in {config.data_dir} (delete it with --purge)")


def _destroy(directory: DataDir, decisions: Decisions, plugins: Plugins, say: Say) -> list[str]:
    """What could not be removed, and why."""
    left: list[str] = []

    @contextmanager
    def removing(what: str) -> Iterator[None]:
        try:
            yield
        except Exception as exc:  # a plugin's own may be any
            left.append(f"{what} ({unexpected(exc)})")

    if decisions.runtime:
        with removing(f"pods of {decisions.runtime}"):
            for node in local_nodes(directory, decisions, plugins, say=say):
                node.destroy()
                node.close()
            say(f"pods: removed from {decisions.runtime}")
    with removing(f"the ingress {decisions.ingress}"):
        if routing := http_routing(directory, decisions, plugins):
            routing.destroy()
    with removing(f"the cluster DNS {decisions.dns}"):
        if naming := cluster_naming(directory, decisions, plugins):
            naming.destroy()
        if decisions.dns and HostNames(directory.path).uninstall():
            say("dns: this host's resolver is as it was")
    _forget_connections(split(join((decisions.service_cidr, *decisions.nodes.values()))))
    if decisions.proxy:
        with removing("network policies"):
            policy_guarding(directory, decisions, plugins).destroy()
        with removing(f"service addresses of {decisions.proxy}"):
            service_proxying(directory, decisions, plugins).destroy()
            say(f"service addresses: {decisions.service_cidr} released")
    return left


def _forget_connections(ranges: Sequence[str]) -> None:
    """Of addresses that are nobody's any more: the next cluster to have them must not meet what this one has left."""
    if is_network_admin():
        with suppress(OSError):  # they end by themselves where the kernel does not let them be ended
            forget_ranges(ranges)


def _forget_context(kubeconfig: Path | None, directory: DataDir, say: Say) -> None:
    """Only the cluster's own: another one may have the same name."""
    if kubeconfig is None:
        return
    try:
        access = read_access(directory.kubeconfig)
        if remove_context(kubeconfig, access):
            say(f"kubeconfig: context {access.name!r} removed from {kubeconfig}")
    except ConfigError:
        return  # it was never reached, or this is no kubeconfig (any more): nothing of ours is in it
