"""A cluster in one process: a control plane, the nodes of this machine and its service proxy, on one event loop.

`Cluster.start` decides everything first, then brings the parts up in the order in which they need each other, what can wait
for something else side by side; it returns when the API answers and the nodes are Ready. `Cluster.stop` ends the control
plane and leaves the pods.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Set
from contextlib import AsyncExitStack
from functools import partial

import attrs

from sampan.core.api.server import ApiServer
from sampan.core.cluster.about import About, publish_about
from sampan.core.cluster.control_plane import ControlPlane, new_context
from sampan.core.cluster.here import cluster_naming, http_routing, local_nodes, policy_guarding, service_proxying
from sampan.core.cluster.naming import ClusterNaming, dns_service_address
from sampan.core.cluster.node import LocalNode, prepare_all
from sampan.core.cluster.ports import bind_port
from sampan.core.cluster.proxying import ServiceProxying
from sampan.core.cluster.say import Say, silent
from sampan.core.cluster.settle import settle
from sampan.core.cluster.stores import check_filled, open_store, scheme_of
from sampan.core.config import Config
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError
from sampan.core.host import open_files
from sampan.core.host.listening import bind
from sampan.core.kubeconfig import Access, add_context, write_kubeconfig
from sampan.core.model.networking_v1.network_policy import NetworkPolicy
from sampan.core.node.static_pods import ManifestFollower, StaticPodController
from sampan.core.plugins import Plugins
from sampan.core.plugins.balancing import balancer_name
from sampan.core.reconcile.clock import Clock, RealClock
from sampan.core.reconcile.engine import Engine
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.plugin_events import PluginEvents
from sampan.core.services.gatekeeper import COMPONENT
from sampan.core.store.contract import Store


class Cluster:
    """One cluster, started once.

    ``store``: an open one in place of the one that is settled on, closed with the cluster. Whoever brings it means to keep
    nothing: files are not made sure to outlive a power cut.
    """

    def __init__(
        self,
        config: Config,
        plugins: Plugins,
        say: Say = silent,
        clock: Clock | None = None,
        store: Store | None = None,
        passing: bool = False,
    ) -> None:
        """``passing``: what it has on this machine goes when it stops."""
        self._config = config
        self._plugins = plugins
        self._say = say
        self._clock = clock or RealClock()
        self._store = store
        self._passing = passing
        self._directory = DataDir(config.data_dir, lasting=store is None)
        self._cleanup = AsyncExitStack()
        self._ended = asyncio.Event()
        self._plane: ControlPlane | None = None
        self._take_back: list[Callable[[], None]] = []
        """Undoes what may have changed the machine."""

    @property
    def access(self) -> Access:
        """How the administrator reaches it. Raises `ConfigError` before `start`."""
        return self._started().access

    @property
    def api(self) -> ApiServer:
        """The API server, for in-process clients. Raises `ConfigError` before `start`."""
        return self._started().api

    async def start(self) -> None:
        """Bring everything up. Raises `ConfigError` on what cannot be; then nothing is left running.

        Where this was the cluster's first start, nothing is left on the machine either: no network, no route.
        """
        open_files.raise_limit()
        self._directory.open()
        self._cleanup.callback(self._directory.close)
        is_first = not self._directory.exists()
        try:
            await self._start()
        except BaseException:
            if is_first:
                await asyncio.to_thread(self._undo)
            await self._cleanup.aclose()
            await asyncio.to_thread(self._plugins.close)
            raise

    async def settled(self) -> None:
        """Wait until no controller has anything to do at this moment. For tests."""
        if (engine := self._started().engine) is not None:
            await engine.settled()

    async def wait(self) -> None:
        """Until `stop`."""
        await self._ended.wait()

    async def stop(self) -> None:
        """End the control plane; pods, network and data stay. Idempotent."""
        await self._tell("sampan_cluster_stopping")
        await self._cleanup.aclose()
        await asyncio.to_thread(self._plugins.close)
        self._ended.set()

    async def _start(self) -> None:
        decisions = await asyncio.to_thread(self._settle)
        await self._tell("sampan_cluster_starting")
        nodes = local_nodes(self._directory, decisions, self._plugins, self._clock, self._say)
        proxying = service_proxying(
            self._directory, decisions, self._plugins, self._clock, self._say, self._config.balancer
        )
        guarding = policy_guarding(self._directory, decisions, self._plugins, self._clock, self._say)
        routes = http_routing(self._directory, decisions, self._plugins, self._clock, self._say)
        naming = cluster_naming(self._directory, decisions, self._plugins, self._say)
        self._take_back = [*(node.destroy for node in nodes), proxying.destroy, guarding.destroy]
        ends = [*(node.close for node in nodes), proxying.close]
        if naming is not None:
            self._take_back.append(naming.destroy)
            ends.append(naming.close)
            naming.prepare()
        if routes is not None:
            self._take_back.append(routes.destroy)
            ends.append(routes.close)
        for close in (*ends, *(self._take_back if self._passing else ())):
            self._cleanup.push_async_callback(asyncio.to_thread, close)
        if routes is not None:
            decisions = await asyncio.to_thread(routes.prepare, self._config, decisions)
        # Engines take a while to answer: they are asked while the API comes up.
        prepared = asyncio.create_task(asyncio.to_thread(prepare_all, nodes))
        try:
            await asyncio.to_thread(proxying.prepare)
            plane, decisions = await self._start_plane(decisions)
            if guarding.why_not:
                plane.api.warn_of(NetworkPolicy, f"this machine cannot enforce it: {guarding.why_not}")
            static = await self._static_pods(decisions.node_name)
            elected = self._shares_store(decisions)
            engine = await plane.run_controllers(static, decisions.node_name, elected=elected)
            dns_address = await self._serve_names(naming, plane, engine, decisions.service_cidr)
        finally:
            nodes_and_ranges = await prepared  # nothing is left half-started, even where something else has failed
        decisions = attrs.evolve(decisions, nodes=nodes_and_ranges, is_filled=True)
        self._directory.keep(decisions)
        about = About(cluster=decisions.cluster, service_cidr=decisions.service_cidr, dns_address=dns_address)
        await publish_about(plane.component("cluster"), about)
        for node in nodes:
            node.cluster_dns = (dns_address,) if dns_address else ()
        self._cleanup.push_async_callback(guarding.stop)
        await guarding.follow(plane.component("service-proxy"), engine.informers, decisions.node_name)
        await self._join(plane, engine, nodes, proxying, static, besides={dns_address} - {""})
        if routes is not None:
            self._cleanup.push_async_callback(routes.stop)
            client = plane.component(COMPONENT)
            await routes.follow(client, engine.informers, decisions.node_name, plane.issue)
        for controller in static:
            self._follow_manifests(controller, engine)
        self._write_kubeconfigs()
        await self._tell("sampan_cluster_ready", server=self.access.server)

    async def _tell(self, hook: str, **arguments: str) -> None:
        """Go on when every plugin has seen it: what they do then is done."""
        if self._plugins.has(hook):
            await asyncio.to_thread(partial(self._plugins.ask, hook, cluster=self._config.cluster, **arguments))

    def _settle(self) -> Decisions:
        before = self._directory.decisions(self._config.cluster)
        decisions = settle(self._config, before, self._plugins, self._say)
        decisions = attrs.evolve(decisions, admin_token=decisions.admin_token or secrets.token_urlsafe(32))
        self._directory.keep(decisions)
        return decisions

    def _undo(self) -> None:
        """Take back a first start that failed."""
        for undo in self._take_back:
            undo()
        self._directory.forget()

    def _shares_store(self, decisions: Decisions) -> bool:
        return scheme_of(decisions) in self._plugins.registry.shared_stores

    async def _start_plane(self, decisions: Decisions) -> tuple[ControlPlane, Decisions]:
        """With the port that it listens on."""
        store = self._store
        if store is None:
            store = await asyncio.to_thread(open_store, decisions, self._plugins)
        self._cleanup.push_async_callback(store.close)
        self._say(f"store: {decisions.store}")
        await check_filled(store, decisions, self._plugins)
        bound = bind_port(self._config, decisions.port, bind, self._say)
        decisions = attrs.evolve(decisions, port=bound.getsockname()[1])
        context = new_context(
            self._plugins,
            attrs.evolve(self._config, port=decisions.port),
            service_cidr=decisions.service_cidr,
            admin_token=decisions.admin_token,
            clock=self._clock,
            shares_store=self._shares_store(decisions),
        )
        plane = ControlPlane(self._plugins, store, context, self._directory.folder("pki"), self._clock)
        plane.chosen = {
            "store": decisions.store.partition(":")[0],
            "runtime": decisions.runtime,
            "proxy": decisions.proxy,
            "balancer": balancer_name(self._plugins, self._config.balancer, decisions.proxy),
        }
        self._cleanup.push_async_callback(plane.stop)
        await plane.start(bound, serves_pods=True)
        self._plane = plane
        self._say(f"api: {plane.api.url}")
        return plane, decisions

    async def _static_pods(self, node: str) -> list[StaticPodController]:
        """With the folder read: a controller that knew of no file yet would take every pod of its own for unwanted."""
        folder = self._config.manifests
        if folder is None:
            return []
        if not folder.is_dir():
            raise ConfigError(f"{folder} is not a directory of manifests: name one with --manifests")
        controller = StaticPodController(folder, node)
        await asyncio.to_thread(controller.reload)
        return [controller]

    async def _serve_names(
        self, naming: ClusterNaming | None, plane: ControlPlane, engine: Engine, service_cidr: str
    ) -> str:
        """Cluster DNS; the address that pods ask, or nothing where there is none."""
        if naming is None:
            return ""
        self._cleanup.callback(naming.stop)
        address = await dns_service_address(plane.component("cluster"), service_cidr)
        await naming.follow(engine.informers)
        await asyncio.to_thread(naming.serve, address)
        return address

    async def _join(
        self,
        plane: ControlPlane,
        engine: Engine,
        nodes: list[LocalNode],
        proxying: ServiceProxying,
        static: list[StaticPodController],
        besides: Set[str],
    ) -> None:
        """The nodes and the proxy, with the informers that the controllers have. The first node has the static pods."""

        def static_uids() -> set[str]:
            return {uid for controller in static for uid in controller.uids()}

        for node in nodes:
            self._cleanup.push_async_callback(node.stop)
        self._cleanup.push_async_callback(proxying.stop)
        troubles = PluginEvents(
            self._plugins,
            EventRecorder(plane.component("plugins"), self._clock, "sampan-plugins"),
            nodes[0].config.name,
        )
        self._cleanup.push_async_callback(troubles.stop)
        troubles.start()
        first, *others = (
            partial(
                node.join,
                plane.node(node.config.name),
                informers=engine.informers,
                directory=plane.nodes,
                storage=plane.component("volume-provisioner"),
            )
            for node in nodes
        )
        names = [node.config.name for node in nodes]
        await asyncio.gather(
            first(static_uids=static_uids),
            *(join() for join in others),
            proxying.follow(plane.component("service-proxy"), engine.informers, names, besides),
        )

    def _follow_manifests(self, static: StaticPodController, engine: Engine) -> None:
        follower = ManifestFollower(static, partial(engine.enqueue, static.name), self._clock)
        self._cleanup.push_async_callback(follower.stop)
        follower.start()
        self._say(f"static pods: from {static.folder}")

    def _started(self) -> ControlPlane:
        if self._plane is None:
            raise ConfigError("the cluster has not been started")
        return self._plane

    def _write_kubeconfigs(self) -> None:
        write_kubeconfig(self._directory.kubeconfig, self.access, lasting=self._store is None)
        if self._config.kubeconfig is not None:
            add_context(self._config.kubeconfig, self.access)
            self._say(f"kubeconfig: context {self.access.name!r} in {self._config.kubeconfig}")
