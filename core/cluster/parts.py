"""Which runtime, proxy and store a cluster has: what was settled at its first start, else what was asked for, else what
works here. Blocking; called in a worker thread, because engines are asked whether they are there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from sampan.core.config import Config
from sampan.core.contracts.proxy import Proxy, ProxySettings
from sampan.core.contracts.runtime import Runtime, RuntimeSettings
from sampan.core.contracts.volume import VolumeDriver
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError
from sampan.core.host.resolver import host_dns_servers
from sampan.core.plugins import Plugins
from sampan.core.registry import Parts
from sampan.core.store.contract import Store

Say = Callable[[str], None]
AUTO = "auto"


def silent(_line: str) -> None:
    """Says nothing."""


def choose_runtime(config: Config, decisions: Decisions, plugins: Plugins, say: Say) -> Runtime:
    """The runtime, made but not started; its name goes into ``decisions``."""
    name, why = _choose(plugins.registry.runtimes, config.runtime, decisions.runtime)
    decisions.runtime = name
    say(f"runtime: {name} ({why})")
    return _make_runtime(config, decisions, plugins, say)


def open_runtime(config: Config, plugins: Plugins, say: Say = silent) -> Runtime:
    """The runtime of a cluster that was made here, for image verbs and for taking a cluster down.

    Raises `ConfigError` where there is no cluster in the data directory.
    """
    directory = DataDir(config.data_dir)
    decisions = directory.decisions(config.cluster)
    if not decisions.runtime:
        raise ConfigError(f"there is no cluster in {config.data_dir}: start one with `sampan up`")
    return _make_runtime(config, decisions, plugins, say)


def choose_proxy(config: Config, decisions: Decisions, plugins: Plugins, say: Say) -> Proxy:
    """The proxy, made but not started; its name and the service range go into ``decisions``."""
    name, why = _choose(plugins.registry.proxies, config.proxy, decisions.proxy)
    decisions.proxy = name
    part = plugins.registry.proxies.find(name)
    settings = ProxySettings(
        cluster=decisions.cluster,
        state_dir=DataDir(config.data_dir).folder("proxy", name),
        service_cidr=_settled("service addresses", config.service_cidr, decisions.service_cidr),
        pod_cidr=decisions.pod_cidr,
        say=say,
    )
    if not settings.service_cidr:
        wanted = part.make(settings).service_cidr()
        if wanted is None:
            raise ConfigError(f"the proxy {name!r} names no service addresses: choose some with --service-cidr")
        settings = attrs.evolve(settings, service_cidr=wanted)
    decisions.service_cidr = settings.service_cidr
    say(f"proxy: {name}, service addresses {settings.service_cidr} ({why})")
    return part.make(settings)


def open_store(config: Config, decisions: Decisions, plugins: Plugins, say: Say) -> Store:
    """The store by its URL; a plain path is a SQLite file."""
    url = _settled("the store", config.store, decisions.store) or f"sqlite://{config.data_dir.resolve()}/store.db"
    scheme, colon, _ = url.partition(":")
    if not colon or "/" in scheme:
        url = f"sqlite://{Path(url).resolve()}"
        scheme = "sqlite"
    store = plugins.registry.stores.find(scheme).make(url)
    decisions.store = url
    say(f"store: {url}")
    return store


def make_volume_drivers(plugins: Plugins) -> dict[str, VolumeDriver]:
    """Every driver, by the member of the pod spec that it serves."""
    return {part.name: part.make() for part in plugins.registry.volume_drivers}


def _make_runtime(config: Config, decisions: Decisions, plugins: Plugins, say: Say) -> Runtime:
    settings = RuntimeSettings(
        cluster=decisions.cluster,
        node=decisions.node_name,
        state_dir=DataDir(config.data_dir).folder("runtime", decisions.runtime),
        pod_cidr=_settled("pod addresses", config.pod_cidr, decisions.pod_cidr) or None,
        service_cidr=decisions.service_cidr,
        dns_servers=host_dns_servers(),
        say=say,
    )
    return plugins.registry.runtimes.find(decisions.runtime).make(settings)


def _choose(parts: Parts[Any], asked: str, settled: str) -> tuple[str, str]:
    """A name and why. What was settled stays: pods of another runtime would be left without anyone to look after them."""
    if settled:
        if asked not in (AUTO, settled):
            raise ConfigError(
                f"this cluster's {parts.sort} is {settled!r}: take it down with `sampan down --purge` to have"
                f" {asked!r}, or start another with --name and --data-dir"
            )
        parts.choose(settled)
        return settled, "as before" if asked == AUTO else "asked for"
    part, why = parts.choose(asked)
    return part.name, why


def _settled(what: str, asked: str, settled: str) -> str:
    if asked and settled and asked != settled:
        raise ConfigError(f"{what} of this cluster were settled as {settled}: they cannot become {asked} later")
    return asked or settled
