"""What is decided before any part is made: which runtime, proxy and store, which addresses, which nodes.

What was settled at the first start stays; else what was asked for is taken, else what works here. All is checked here, so
that nothing has to be taken back. Blocking, because engines are asked whether they are there.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import attrs

from sampan.core.cluster.address_ranges import (
    PODS,
    SERVICES,
    check_apart,
    check_host,
    check_settled,
    choose_families,
    read_ranges,
)
from sampan.core.cluster.say import Say
from sampan.core.cluster.trial import why_no_pods
from sampan.core.config import Config
from sampan.core.contracts.proxy import Proxy, ProxySettings
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError
from sampan.core.host.capabilities import may_bind_low_ports
from sampan.core.host.ranges import check_unused
from sampan.core.ip import Family, join, networks, part
from sampan.core.parts import Part, Parts
from sampan.core.plugins import Plugins
from sampan.core.registry import Registry

P = TypeVar("P")

AUTO, NONE = "auto", "none"


def settle(config: Config, before: Decisions, plugins: Plugins, say: Say) -> Decisions:
    """The decisions of this start. Raises `ConfigError` on what cannot be, or contradicts what was settled ``before``."""
    if before.server:
        raise ConfigError(
            f"{config.data_dir} holds a node of {before.server}: go on with it by `sampan node join --data-dir"
            f" {config.data_dir}`, or choose another directory"
        )
    registry = plugins.registry
    config = attrs.evolve(
        config,
        service_cidr=read_ranges(SERVICES, config.service_cidr),
        pod_cidr=read_ranges(PODS, config.pod_cidr),
    )
    nodes = _nodes(config, before)
    families = choose_families(config.ip_family, (config.service_cidr, config.pod_cidr), before.service_cidr)
    runtime, why = choose(registry.runtimes, config.runtime, before.runtime, why_no_pods)
    say(f"runtime: {runtime} ({why})")
    proxy, why = choose_proxy(registry, config, before.proxy)
    decided = attrs.evolve(before, nodes=nodes, runtime=runtime, proxy=proxy, store=_store_url(config, before, plugins))
    check_families(registry, families, runtime, proxy)
    check_host(families)
    decided = attrs.evolve(decided, service_cidr=_service_range(config, decided, plugins, families))
    decided = attrs.evolve(decided, dns=_name_server(config, decided, plugins, say))
    decided = attrs.evolve(decided, ingress=_http_router(config, decided, plugins))
    say(f"proxy: {proxy}, service addresses {decided.service_cidr} ({why})")
    check_apart(decided.service_cidr, decided.pod_cidr)
    return decided


def choose(
    parts: Parts[P], asked: str, settled: str, why_not: Callable[[Part[P]], str | None] = lambda _part: None
) -> tuple[str, str]:
    """A name and why. What was settled stays: pods of another runtime would be left without anyone to look after them.

    ``why_not`` is asked of what ``auto`` would take.
    """
    if settled:
        if asked not in (AUTO, settled):
            raise ConfigError(
                f"this cluster's {parts.sort} is {settled!r}: take it down with `sampan down --purge` to have"
                f" {asked!r}, or start another with --name and --data-dir"
            )
        parts.choose(settled)
        return settled, "as before" if asked == AUTO else "asked for"
    part, why = parts.choose(asked, why_not)
    return part.name, why


def choose_proxy(registry: Registry, config: Config, settled: str) -> tuple[str, str]:
    """As `choose`; where a balancer is asked for, only a proxy will do that asks one."""
    if config.balancer == AUTO:
        return choose(registry.proxies, config.proxy, settled)
    registry.balancers.find(config.balancer)

    def why_not(part: Part[Proxy]) -> str | None:
        return None if part.name in registry.balancing_proxies else "it chooses endpoints itself"

    name, why = choose(registry.proxies, config.proxy, settled, why_not)
    if name not in registry.balancing_proxies:
        those = ", ".join(sorted(registry.balancing_proxies))
        raise ConfigError(
            f"the proxy {name!r} chooses endpoints itself, so --balancer {config.balancer} would do nothing:"
            f" leave it out, or have a proxy that asks balancers ({those})"
        )
    return name, why


def _nodes(config: Config, before: Decisions) -> Mapping[str, str]:
    """By name, with the range where one is settled or asked for."""
    first = before.node_name or config.node_name or socket.gethostname().lower()
    if config.node_name not in ("", first):
        raise ConfigError(f"this cluster's node is {first!r}: it cannot become {config.node_name!r} later")
    wanted = config.nodes or max(len(before.nodes), 1)
    if wanted < len(before.nodes):
        raise ConfigError(
            f"this cluster has {len(before.nodes)} nodes, which may become more, not fewer:"
            " take it down with `sampan down --purge` first"
        )
    names = [first, *(f"{first}-{number}" for number in range(2, wanted + 1))]
    nodes = {name: before.nodes.get(name, "") for name in names}
    check_settled(PODS, config.pod_cidr, nodes[first])
    nodes[first] = nodes[first] or config.pod_cidr
    return nodes


def check_families(registry: Registry, families: Sequence[Family], runtime: str, proxy: str) -> None:
    """Raises `ConfigError` where a part that was chosen knows of one family only."""
    if len(families) < 2:
        return
    for sort, name, able in (
        ("runtime", runtime, registry.dual_stack_runtimes),
        ("proxy", proxy, registry.dual_stack_proxies),
    ):
        if name and name not in able:
            those = ", ".join(sorted(able)) or "none yet"
            raise ConfigError(
                f"the {sort} {name!r} serves IPv4 alone, so the cluster cannot be dual-stack with it: have another one"
                f" ({those}), or leave out --ip-family and the ranges of IPv6"
            )


def _service_range(config: Config, decided: Decisions, plugins: Plugins, families: Sequence[Family]) -> str:
    check_settled(SERVICES, config.service_cidr, decided.service_cidr)
    if decided.service_cidr:
        return decided.service_cidr
    check_unused(SERVICES, config.service_cidr)
    missing = [each for each in families if not part(config.service_cidr, each)]
    if not missing:
        return config.service_cidr
    settings = ProxySettings(
        cluster=decided.cluster,
        state_dir=DataDir(config.data_dir).folder("proxy", decided.proxy),
        service_cidr="",
        pod_cidr=decided.pod_cidr,
        families=tuple(each.name for each in families),
    )
    wanted = plugins.registry.proxies.find(decided.proxy).make(settings).service_cidr()
    if wanted is None:
        raise ConfigError(f"the proxy {decided.proxy!r} names no service addresses: choose some with --service-cidr")
    return join(part(config.service_cidr, each) or part(wanted, each) for each in families)


def _name_server(config: Config, decided: Decisions, plugins: Plugins, say: Say) -> str:
    if config.dns == NONE or (config.dns == AUTO and decided.dns == NONE):
        return NONE
    if networks(decided.service_cidr)[0].is_loopback and not may_bind_low_ports():
        if config.dns != AUTO:
            raise ConfigError("cluster DNS answers at port 53, which needs root here: run as root, or with --dns none")
        say("dns: none, as port 53 needs root here; pods ask this host's name servers")
        return NONE
    return choose(plugins.registry.name_servers, config.dns, decided.dns)[0]


def _http_router(config: Config, decided: Decisions, plugins: Plugins) -> str:
    """None unless somebody asks: it opens ports of this machine, and Ingresses get a default class."""
    asked = config.ingress
    if not asked and (config.ingress_port is not None or config.ingress_tls_port is not None):
        asked = AUTO
    if asked == NONE or not (asked or decided.ingress):
        return ""
    return choose(plugins.registry.http_routers, asked or AUTO, decided.ingress)[0]


def _store_url(config: Config, before: Decisions, plugins: Plugins) -> str:
    """A plain path is a SQLite file."""
    url = _settled("the store", config.store, before.store) or f"sqlite://{config.data_dir.resolve()}/store.db"
    scheme, colon, _ = url.partition(":")
    if not colon or "/" in scheme:
        url = f"sqlite://{Path(url).resolve()}"
        scheme = "sqlite"
    plugins.registry.stores.find(scheme)
    return url


def _settled(what: str, asked: str, settled: str) -> str:
    if asked and settled and asked != settled:
        raise ConfigError(f"{what} of this cluster were settled as {settled}: they cannot become {asked} later")
    return asked or settled
