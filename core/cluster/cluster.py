"""A cluster in one process: API server, controllers, scheduler, node agent and proxy, on one event loop.

`Cluster.start` brings the parts up in the order in which they need each other, what can wait for something else side by
side; it returns when the API answers and the node is Ready. `Cluster.stop` ends the control plane and leaves the pods.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

import attrs

from sampan.core.api.bootstrap import first_service_address
from sampan.core.api.local import LocalClient
from sampan.core.api.server import ApiServer, bind, server_files
from sampan.core.cluster.parts import (
    Say,
    choose_proxy,
    choose_runtime,
    make_volume_drivers,
    open_store,
    silent,
)
from sampan.core.cluster.ports import bind_port
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.access import SYSTEM_MASTERS, User
from sampan.core.contracts.controller import Controller
from sampan.core.contracts.proxy import Proxy
from sampan.core.contracts.runtime import Runtime
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError
from sampan.core.kubeconfig import Access, add_context, write_kubeconfig
from sampan.core.node.agent import NodeAgent
from sampan.core.node.machine.settings import NodeSettings
from sampan.core.node.static_pods import ManifestFollower, StaticPodController
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock, RealClock
from sampan.core.reconcile.engine import Engine
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.scheduling import SchedulingController
from sampan.core.reconcile.scheduling_hooks import Hooked
from sampan.core.services.proxier import Proxier


class Cluster:
    """One cluster, started once."""

    def __init__(self, config: Config, plugins: Plugins, say: Say = silent, clock: Clock | None = None) -> None:
        self._config = config
        self._plugins = plugins
        self._say = say
        self._clock = clock or RealClock()
        self._directory = DataDir(config.data_dir)
        self._nodes = NodeDirectory()
        self._cleanup = AsyncExitStack()
        self._ended = asyncio.Event()
        self._api: ApiServer | None = None
        self._access: Access | None = None
        self._made: list[Runtime | Proxy] = []
        """What may have changed the machine."""

    @property
    def access(self) -> Access:
        """How the administrator reaches it. Raises `ConfigError` before `start`."""
        if self._access is None:
            raise ConfigError("the cluster has not been started")
        return self._access

    @property
    def api(self) -> ApiServer:
        """The API server, for in-process clients. Raises `ConfigError` before `start`."""
        if self._api is None:
            raise ConfigError("the cluster has not been started")
        return self._api

    async def start(self) -> None:
        """Bring everything up. Raises `ConfigError` on what cannot be; then nothing is left running.

        Where this was the cluster's first start, nothing is left on the machine either: no network, no route.
        """
        self._directory.open()
        self._cleanup.callback(self._directory.close)
        is_first = not self._directory.exists()
        try:
            await self._start()
        except BaseException:
            if is_first:
                await asyncio.to_thread(self._take_back)
            await self._cleanup.aclose()
            raise

    async def wait(self) -> None:
        """Until `stop`."""
        await self._ended.wait()

    async def stop(self) -> None:
        """End the control plane; pods, network and data stay. Idempotent."""
        self._plugins.call("sampan_cluster_stopping", cluster=self._config.cluster)
        await self._cleanup.aclose()
        self._ended.set()

    async def _start(self) -> None:
        decisions = self._directory.decisions(self._config.cluster)
        decisions.node_name = decisions.node_name or self._config.node_name or socket.gethostname().lower()
        self._plugins.call("sampan_cluster_starting", cluster=self._config.cluster)
        # Engines take a while to answer: they are asked while the API comes up.
        runtime_ready = asyncio.create_task(asyncio.to_thread(self._start_runtime, decisions))
        try:
            proxy = await asyncio.to_thread(self._start_proxy, decisions)
            context = await self._start_api(decisions)
            static = await self._static_pods(decisions.node_name)
            engine = await self._start_controllers(context, static)
        finally:
            runtime = await _outcome(runtime_ready)
        await self._start_node(runtime, proxy, engine, decisions, static)
        for controller in static:
            self._follow_manifests(controller, engine)
        self._directory.keep(decisions)
        self._write_kubeconfigs()
        self._plugins.call("sampan_cluster_ready", cluster=self._config.cluster, server=self.access.server)

    def _take_back(self) -> None:
        """Undo a first start that failed."""
        for part in self._made:
            part.destroy()
        self._directory.forget()

    # The parts, in the order in which they need each other

    def _start_runtime(self, decisions: Decisions) -> Runtime:
        runtime = choose_runtime(self._config, decisions, self._plugins, self._say)
        self._cleanup.push_async_callback(asyncio.to_thread, runtime.close)
        self._made.append(runtime)
        self._directory.keep(decisions)
        runtime.start()
        decisions.pod_cidr = runtime.pod_cidr()
        if note := runtime.info().note:
            self._say(f"runtime: {note}")
        return runtime

    def _start_proxy(self, decisions: Decisions) -> Proxy:
        proxy = choose_proxy(self._config, decisions, self._plugins, self._say)
        self._cleanup.push_async_callback(asyncio.to_thread, proxy.close)
        self._made.append(proxy)
        self._directory.keep(decisions)
        proxy.start()
        return proxy

    async def _start_api(self, decisions: Decisions) -> ClusterContext:
        store = open_store(self._config, decisions, self._plugins, self._say)
        self._cleanup.push_async_callback(store.close)
        bound = bind_port(self._config, decisions.port, bind, self._say)
        decisions.port = bound.getsockname()[1]
        decisions.admin_token = decisions.admin_token or secrets.token_urlsafe(32)
        context = ClusterContext(
            config=attrs.evolve(self._config, port=decisions.port),
            service_cidr=decisions.service_cidr,
            admin_token=decisions.admin_token,
            clock=self._clock.now,
            metrics=self._plugins.metrics,
            kinds=tuple(self._plugins.registry.kinds),
        )
        inside = address_for_pods(decisions.service_cidr)
        kubernetes = first_service_address(decisions.service_cidr)
        files = server_files(context, self._directory.folder("pki"), (kubernetes, *inside))
        context = attrs.evolve(context, ca_pem=files.ca_pem)
        api = ApiServer(self._plugins.registry, store, context, self._nodes)
        self._cleanup.push_async_callback(api.stop)
        await api.start(files, bound, *(bind(address, decisions.port) for address in inside))
        for address in inside:
            await api.advertise(address)
        self._api = api
        self._access = Access(
            name=self._config.cluster, server=api.url, ca_pem=files.ca_pem, token=decisions.admin_token
        )
        self._say(f"api: {api.url}")
        return context

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

    async def _start_controllers(self, context: ClusterContext, static: list[StaticPodController]) -> Engine:
        registry = self._plugins.registry
        concerns = [*(part.make() for part in registry.scheduler_plugins), Hooked(self._plugins)]
        schedulers = {part.name: part.make(concerns) for part in registry.schedulers}
        controllers: list[Controller] = [part.make(context) for part in registry.controllers]
        controllers += [SchedulingController(schedulers), *static]
        engine = Engine(
            controllers, self._component, clock=self._clock, plugins=self._plugins, metrics=self._plugins.metrics
        )
        self._cleanup.push_async_callback(engine.stop)
        await engine.start()
        self._say(f"controllers: {len(controllers)} run")
        return engine

    async def _start_node(
        self,
        runtime: Runtime,
        proxy: Proxy,
        engine: Engine,
        decisions: Decisions,
        static: Sequence[StaticPodController],
    ) -> None:
        settings = NodeSettings(name=decisions.node_name, cluster=decisions.cluster, data_dir=self._directory.path)
        agent = NodeAgent(
            settings,
            self._component("kubelet"),
            runtime,
            make_volume_drivers(self._plugins),
            clock=self._clock,
            plugins=self._plugins,
            informers=engine.informers,
            directory=self._nodes,
            static_uids=lambda: {uid for controller in static for uid in controller.uids()},
        )
        self._cleanup.push_async_callback(agent.stop)
        recorder = EventRecorder(self._component("service-proxy"), self._clock, "service-proxy", decisions.node_name)
        proxier = Proxier(proxy, engine.informers, recorder, self._clock, self._plugins)
        self._cleanup.push_async_callback(proxier.stop)
        await asyncio.gather(agent.start(), proxier.start())
        self._say(f"node: {decisions.node_name} is ready")

    def _follow_manifests(self, static: StaticPodController, engine: Engine) -> None:
        follower = ManifestFollower(static, partial(engine.enqueue, static.name), self._clock)
        self._cleanup.push_async_callback(follower.stop)
        follower.start()
        self._say(f"static pods: from {static.folder}")

    def _component(self, name: str) -> LocalClient:
        """In-process access in the name of one component."""
        return self.api.client(User(name=f"system:{name}", groups=(SYSTEM_MASTERS,))).for_agent(name)

    def _write_kubeconfigs(self) -> None:
        write_kubeconfig(self._directory.kubeconfig, self.access)
        if self._config.kubeconfig is not None:
            add_context(self._config.kubeconfig, self.access)
            self._say(f"kubeconfig: context {self.access.name!r} in {self._config.kubeconfig}")


def address_for_pods(service_cidr: str) -> tuple[str, ...]:
    """Where pods reach the API: the last address of the service range, which the proxy has made this host's own.

    It is no address of the network outside, so the API is not opened to that. None where services lie on loopback.
    """
    network = ipaddress.ip_network(service_cidr)
    return () if network.is_loopback else (str(network[-2]),)


async def _outcome(task: asyncio.Task[Runtime]) -> Runtime:
    """The task's result or error, waited for even where something else has failed: nothing is left half-started."""
    return await task
