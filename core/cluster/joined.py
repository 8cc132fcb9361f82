"""A node in a process of its own, joined to a control plane over HTTPS: here, or on another machine.

It has a data directory of its own, with its runtime, its range of pod addresses and how the API is reached, so that a next
start needs no more than that. What it was joined with is used once, for a certificate of its own. Service addresses are
served by the machine's first process of the cluster.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import attrs

from sampan.core.api.bootstrap import first_service_address
from sampan.core.client.http import HttpClient
from sampan.core.client.protocol import Client
from sampan.core.cluster.about import About, read_about
from sampan.core.cluster.address_ranges import PODS, check_apart, check_host, read_ranges
from sampan.core.cluster.here import cluster_naming, local_nodes, service_proxying
from sampan.core.cluster.node_identity import NodeIdentity
from sampan.core.cluster.say import Say, silent
from sampan.core.cluster.settle import check_families, choose, choose_proxy
from sampan.core.cluster.trial import why_no_pods
from sampan.core.config import Config
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError, NotFound, SampanError
from sampan.core.host.local_routes import is_local
from sampan.core.ip import families_of
from sampan.core.kubeconfig import Access
from sampan.core.model.core_v1.node import Node
from sampan.core.node.called import Called
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock, RealClock
from sampan.core.reconcile.lister import InformerSet


class JoinedNode:
    """`start`, `wait`, `stop`, as a `Cluster`. ``access`` is ``None`` to go on with the API that was joined before."""

    def __init__(
        self, config: Config, access: Access | None, plugins: Plugins, say: Say = silent, clock: Clock | None = None
    ) -> None:
        self._config = config
        self._access = access
        self._plugins = plugins
        self._say = say
        self._clock = clock or RealClock()
        self._directory = DataDir(config.data_dir)
        self._cleanup = AsyncExitStack()
        self._ended = asyncio.Event()

    async def start(self) -> None:
        """Returns when the node is Ready. Raises `ConfigError` on what cannot be; then nothing is left running."""
        self._directory.open()
        self._cleanup.callback(self._directory.close)
        try:
            await self._start()
        except BaseException:
            await self._cleanup.aclose()
            raise

    async def wait(self) -> None:
        """Until `stop`."""
        await self._ended.wait()

    async def stop(self) -> None:
        """End the agent; its pods go on. Idempotent."""
        await self._cleanup.aclose()
        self._ended.set()

    async def _start(self) -> None:
        identity = await self._identify()
        access = identity.access
        client = HttpClient(access)
        self._cleanup.push_async_callback(client.close)
        about = await _asked(client, access)
        decisions = await self._settle(client, access, about)
        self._directory.keep(decisions)
        self._cleanup.push_async_callback(identity.stop)
        identity.rotate(client)
        [node] = local_nodes(self._directory, decisions, self._plugins, self._clock, self._say)
        self._cleanup.push_async_callback(asyncio.to_thread, node.close)
        pod_cidr = await asyncio.to_thread(node.prepare)
        decisions = attrs.evolve(decisions, nodes={decisions.node_name: pod_cidr})
        self._directory.keep(decisions)
        informers = InformerSet(client, self._clock)
        self._cleanup.push_async_callback(informers.stop)
        await informers.start()  # whoever asks for one from now on has it started at once
        node.cluster_dns = (about.dns_address,) if about.dns_address else ()
        own = NodeDirectory()
        parts = [node.join(client, informers=informers, directory=own)]
        self._cleanup.push_async_callback(node.stop)
        if decisions.proxy:
            parts.append(await self._services(client, informers, decisions, about))
        await asyncio.gather(*parts)
        called = Called(decisions.node_name, lambda: identity.access, own.find(decisions.node_name), self._clock.sleep)
        self._cleanup.push_async_callback(called.stop)
        called.start()

    async def _identify(self) -> NodeIdentity:
        """The node's own certificate: the one there is, or a first one by the access that was given."""
        before = self._directory.decisions("")
        if self._access is not None:
            self._check_holds(before, self._access.server)
        identity = NodeIdentity(self._directory.kubeconfig, self._node_name(before), self._clock)
        if identity.load():
            return identity
        if self._access is None:
            raise ConfigError(
                "the node has no certificate that is still good: join again with --kubeconfig, by the context of an"
                " administrator or of a bootstrap token"
            )
        await identity.obtain(self._access)
        self._say(f"identity: {identity.user}, by a certificate of its own")
        return identity

    def _node_name(self, before: Decisions) -> str:
        return before.node_name or self._config.node_name or socket.gethostname().lower()

    def _check_holds(self, before: Decisions, server: str) -> None:
        """Raises `ConfigError` where the folder is somebody else's."""
        if self._directory.exists() and before.server != server:
            held = f"a node of {before.server}" if before.server else "a control plane"
            raise ConfigError(f"{self._config.data_dir} holds {held}: choose another directory with --data-dir")

    async def _settle(self, client: Client, access: Access, about: About) -> Decisions:
        before = self._directory.decisions(about.cluster)
        self._check_holds(before, access.server)
        name = self._node_name(before)
        if not before.node_name:
            await _check_free(client, name)
        runtime, why = await asyncio.to_thread(
            choose, self._plugins.registry.runtimes, self._config.runtime, before.runtime, why_no_pods
        )
        self._say(f"runtime: {runtime} ({why})")
        proxy = before.proxy or self._choose_proxy(about)
        families = families_of(about.service_cidr)
        check_families(self._plugins.registry, families, runtime, proxy)
        check_host(families)
        return attrs.evolve(
            before,
            cluster=about.cluster,
            server=access.server,
            runtime=runtime,
            service_cidr=about.service_cidr,
            dns=before.dns or next(iter(self._plugins.registry.name_servers)).name,
            proxy=proxy,
            nodes={name: before.pod_cidr or self._wanted_range(about)},
        )

    def _wanted_range(self, about: About) -> str:
        wanted = read_ranges(PODS, self._config.pod_cidr)
        check_apart(about.service_cidr, wanted)
        if len(families_of(wanted)) > len(families_of(about.service_cidr)):
            raise ConfigError(f"the cluster has IPv4 alone, so pods here cannot have addresses of {wanted}")
        return wanted

    def _choose_proxy(self, about: About) -> str:
        """Empty where another process of the cluster serves this machine."""
        if self._config.proxy == "auto" and is_local(first_service_address(about.service_cidr)):
            self._say(f"proxy: none, as service addresses {about.service_cidr} are served here already")
            return ""
        name, why = choose_proxy(self._plugins.registry, self._config, "")
        self._say(f"proxy: {name} ({why})")
        return name

    async def _services(
        self, client: Client, informers: InformerSet, decisions: Decisions, about: About
    ) -> Coroutine[Any, Any, None]:
        """The proxy and the name server made ready; what is returned has the proxy follow the API."""
        proxying = service_proxying(
            self._directory, decisions, self._plugins, self._clock, self._say, self._config.balancer
        )
        self._cleanup.push_async_callback(asyncio.to_thread, proxying.close)
        await asyncio.to_thread(proxying.prepare)
        self._cleanup.push_async_callback(proxying.stop)
        await self._serve_names(informers, decisions, about)
        besides = {about.dns_address} - {""}
        return proxying.follow(client, informers, [decisions.node_name], besides)

    async def _serve_names(self, informers: InformerSet, decisions: Decisions, about: About) -> None:
        naming = cluster_naming(self._directory, decisions, self._plugins, self._say)
        if naming is None or not about.dns_address:
            return
        self._cleanup.push_async_callback(asyncio.to_thread, naming.close)
        self._cleanup.callback(naming.stop)
        naming.prepare()
        await naming.follow(informers)
        await asyncio.to_thread(naming.serve, about.dns_address)


async def _asked(client: Client, access: Access) -> About:
    try:
        return await read_about(client)
    except ConfigError:
        raise
    except SampanError as exc:
        raise ConfigError(f"cannot join {access.server}: {exc}") from exc


async def _check_free(client: Client, name: str) -> None:
    """Two agents of one name would take each other's pods."""
    try:
        await client.get(Node, "", name)
    except NotFound:
        return
    raise ConfigError(f"the cluster has a node {name!r} already: choose another name with --node-name")
