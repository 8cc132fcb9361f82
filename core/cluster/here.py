"""The parts of a cluster that are on this machine, made from what was decided: its nodes, its service proxy and so on.

Making them changes nothing yet. Used to start them, and to take a cluster down when none of them runs.
"""

from __future__ import annotations

from sampan.core.cluster.guarding import PolicyGuarding
from sampan.core.cluster.naming import ClusterNaming
from sampan.core.cluster.node import LocalNode, NodeConfig
from sampan.core.cluster.proxying import ServiceProxying
from sampan.core.cluster.routing import HttpRouting
from sampan.core.cluster.say import Say, silent
from sampan.core.cluster.settle import NONE
from sampan.core.config import Config
from sampan.core.contracts.http_router import RouterSettings
from sampan.core.contracts.name_server import NameServerSettings
from sampan.core.contracts.policy import EnforcerSettings
from sampan.core.contracts.proxy import ProxySettings
from sampan.core.contracts.runtime import Runtime
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError
from sampan.core.host.resolver import host_dns_servers
from sampan.core.ip import families_of, join, split
from sampan.core.plugins import Plugins
from sampan.core.plugins.balancing import balancer_maker
from sampan.core.reconcile.clock import Clock, RealClock
from sampan.core.services.records import DOMAIN


def local_nodes(
    directory: DataDir, decisions: Decisions, plugins: Plugins, clock: Clock | None = None, say: Say = silent
) -> list[LocalNode]:
    """Every node that was made here, the first one first."""
    return [
        LocalNode(
            NodeConfig(
                cluster=decisions.cluster,
                name=name,
                folder=directory.node_folder(name, decisions),
                hidden=(directory.path,),
                runtime=decisions.runtime,
                service_cidr=decisions.service_cidr,
                pod_cidr=pod_cidr,
            ),
            plugins,
            clock or RealClock(),
            say,
        )
        for name, pod_cidr in decisions.nodes.items()
    ]


def service_proxying(
    directory: DataDir,
    decisions: Decisions,
    plugins: Plugins,
    clock: Clock | None = None,
    say: Say = silent,
    balancer: str = "",
) -> ServiceProxying:
    settings = ProxySettings(
        cluster=decisions.cluster,
        state_dir=directory.folder("proxy", decisions.proxy),
        service_cidr=decisions.service_cidr,
        pod_cidr=decisions.pod_cidr,
        families=_families(decisions),
        balancer=balancer_maker(plugins, balancer) if balancer else None,
        say=say,
    )
    return ServiceProxying(decisions.proxy, settings, plugins, clock or RealClock())


def policy_guarding(
    directory: DataDir, decisions: Decisions, plugins: Plugins, clock: Clock | None = None, say: Say = silent
) -> PolicyGuarding:
    settings = EnforcerSettings(cluster=decisions.cluster, state_dir=directory.path, families=_families(decisions))
    return PolicyGuarding(settings, plugins, clock or RealClock(), say)


def http_routing(
    directory: DataDir, decisions: Decisions, plugins: Plugins, clock: Clock | None = None, say: Say = silent
) -> HttpRouting | None:
    """``None`` where no Ingresses are served."""
    if not decisions.ingress:
        return None
    folder = directory.folder("ingress", decisions.ingress)
    settings = RouterSettings(cluster=decisions.cluster, state_dir=folder, say=say)
    return HttpRouting(decisions.ingress, settings, plugins, clock or RealClock())


def cluster_naming(
    directory: DataDir, decisions: Decisions, plugins: Plugins, say: Say = silent
) -> ClusterNaming | None:
    """``None`` where the cluster has no DNS."""
    if decisions.dns in ("", NONE):
        return None
    settings = NameServerSettings(
        state_dir=directory.folder("dns", decisions.dns),
        domain=DOMAIN,
        reverse=split(join((decisions.service_cidr, *decisions.nodes.values()))),
        upstream=host_dns_servers(),
        say=say,
    )
    return ClusterNaming(decisions.dns, settings, plugins)


def open_runtimes(config: Config, plugins: Plugins) -> list[Runtime]:
    """The runtime of each node here, for image verbs. Raises `ConfigError` where there is none in the data directory."""
    directory = DataDir(config.data_dir)
    decisions = directory.decisions(config.cluster)
    if not decisions.runtime:
        raise ConfigError(f"there is no cluster in {config.data_dir}: start one with `sampan up`")
    return [node.runtime for node in local_nodes(directory, decisions, plugins)]


def _families(decisions: Decisions) -> tuple[str, ...]:
    return tuple(each.name for each in families_of(decisions.service_cidr))
