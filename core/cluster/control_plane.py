"""A control plane: API server, controllers and scheduler over one store. It knows no machine: nodes come to it.

`sampan up`, and `sampan.core.testing.control_plane` for tests, are made of this one. All on one event loop.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs

from sampan.core.api.bootstrap import first_service_address
from sampan.core.api.pki import front_proxy, token_key
from sampan.core.api.server import ApiServer, server_files
from sampan.core.client.protocol import Client
from sampan.core.cluster.aggregated_kinds import AggregatedKinds
from sampan.core.cluster.auditing import make_auditor
from sampan.core.cluster.identities import ADMINISTRATOR, component_user, node_user
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.access import SYSTEM_MASTERS
from sampan.core.contracts.controller import Controller
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.host.listening import bind
from sampan.core.ip import hosts_own, networks
from sampan.core.kubeconfig import Access
from sampan.core.parts import Part
from sampan.core.plugins import Plugins
from sampan.core.plugins.describe import PATH, describe_plugins
from sampan.core.reconcile.clock import Clock
from sampan.core.reconcile.custom_kinds import CustomKinds
from sampan.core.reconcile.engine import Engine
from sampan.core.reconcile.leadership import Leadership
from sampan.core.scheduling.hooks import scheduling_controller
from sampan.core.store.contract import Store

DECISIONS_PATH = "/sampan/scheduling"
"""Where `sampan explain pod` asks what was decided about pods."""


class ControlPlane:
    """`start`, then `run_controllers` where some are wanted; `stop` ends both. The store is closed by who opened it."""

    def __init__(self, plugins: Plugins, store: Store, context: ClusterContext, pki: Path, clock: Clock) -> None:
        self._plugins = plugins
        self._context = context
        self._clock = clock
        self._pki = pki
        self._inside = address_for_pods(context.service_cidr)
        hosts = (first_service_address(context.service_cidr), *self._inside)
        self._files = server_files(context, pki, hosts)
        self._context = attrs.evolve(
            context,
            ca_pem=self._files.ca_pem,
            front_proxy=front_proxy(pki, context.config.cluster, context.clock()),
            token_key_pem=token_key(pki),
            sign=self._files.authority.sign,
        )
        authority = self._files.authority
        self._administrator = authority.issue(ADMINISTRATOR, context.clock(), organizations=(SYSTEM_MASTERS,))
        self.nodes = NodeDirectory()
        auditor = make_auditor(self._context, plugins)
        self.api = ApiServer(plugins.registry, store, self._context, self.nodes, auditor, self._guard)
        self.api.answer_at(PATH, self._about_plugins)
        self.api.parts["scheduler"] = partial(self._check_controllers, scheduling=True)
        self.api.parts["controller-manager"] = partial(self._check_controllers, scheduling=False)
        self.chosen: dict[str, str] = {"store": "", "runtime": "", "proxy": ""}
        """Which part is used of the sorts of which only one is, for `sampan plugins list`."""
        self.engine: Engine | None = None
        self._scheduling = ""
        """The name of the controller that schedules."""
        self._outside: dict[str, str] = {}
        """Controllers of outside plugins, and of which."""
        self._cleanup = AsyncExitStack()

    @property
    def access(self) -> Access:
        """How the administrator reaches it over HTTPS, once it has been started."""
        config, context = self._context.config, self._context
        certificate, key = self._administrator
        return Access(
            name=config.cluster,
            server=self.api.url,
            ca_pem=context.ca_pem,
            token=context.admin_token,
            certificate_pem=certificate,
            key_pem=key,
        )

    async def start(self, bound: socket.socket | None = None, *, serves_pods: bool = False) -> None:
        """Answer requests. ``bound`` is a listening socket that was made earlier.

        ``serves_pods`` listens on an address of the service range too, which a proxy has made this host's own.
        Raises `ConfigError` where it cannot be.
        """
        config = self._context.config
        bound = bound or bind(config.address, config.port)
        port = bound.getsockname()[1]
        inside = self._inside if serves_pods else ()
        self._cleanup.push_async_callback(self.api.stop)
        await self.api.start(self._files, bound, *(bind(address, port) for address in inside))
        for address in inside:
            await self.api.advertise(address)

    async def run_controllers(
        self, more: Sequence[Controller] = (), node: str = "", *, elected: bool = False
    ) -> Engine:
        """Every controller of the plugins, the scheduler, and ``more``, which speak in the name of ``node``'s agent.

        ``elected``: others may be on the same store, and all but ``more`` act only while this one leads.
        """
        of_node = {controller.name for controller in more}
        registry = self._plugins.registry
        made = [(part.make(self._context), part.plugin) for part in registry.controllers]
        self._outside = {controller.name: plugin for controller, plugin in made if not self._plugins.is_own(plugin)}
        controllers: list[Controller] = [controller for controller, _ in made]
        scheduling = scheduling_controller(self._plugins, self._clock)
        self._scheduling = scheduling.name
        self.api.answer_at(DECISIONS_PATH, scheduling.decisions.told)
        controllers += [scheduling, *more]
        self.engine = Engine(
            controllers,
            lambda name: self.node(node) if name in of_node else self.component(name),
            clock=self._clock,
            plugins=self._plugins,
            metrics=self._plugins.metrics,
            leadership=self._stand_for_election() if elected else None,
            not_elected=of_node,
            brought_by=self._outside,
        )
        self._cleanup.push_async_callback(self.engine.stop)
        await self.engine.start()
        custom = CustomKinds(self.engine)
        self._cleanup.push_async_callback(custom.stop)
        await custom.start()
        aggregated = AggregatedKinds(self.engine, self.api.aggregation)
        self._cleanup.push_async_callback(aggregated.stop)
        aggregated.start()
        return self.engine

    def _guard(self, part: Part[Any], made: Any, methods: Sequence[str]) -> Any:
        """What outside plugins bring is watched, as it runs where everybody waits for it."""
        if self._plugins.is_own(part.plugin):
            return made
        return self._plugins.on_loop.guard(made, part.plugin, part.name, methods)

    def _stand_for_election(self) -> Leadership:
        """Given back after the engine has ended."""
        client = self.api.client(component_user("informers"), "kube-controller-manager")
        leadership = Leadership(client, self._clock, f"{socket.gethostname()}_{uuid4()}")
        self._cleanup.push_async_callback(leadership.stop)
        leadership.start()
        return leadership

    def component(self, name: str) -> Client:
        """In-process access in the name of one component.

        Controllers of outside plugins may do everything: nobody has written down what they need, and their code runs in
        this process anyhow.
        """
        user = component_user(name)
        if name in self._outside:
            user = attrs.evolve(user, groups=(*user.groups, SYSTEM_MASTERS))
        return self.api.client(user, name)

    def node(self, name: str) -> Client:
        """In-process access in the name of one node agent."""
        return self.api.client(node_user(name), "kubelet")

    def issue(self, hosts: Iterable[str]) -> tuple[str, str]:
        """A server's certificate for these names and addresses, and its key, as PEM: signed by the cluster's CA."""
        return self._files.authority.issue("sampan-server", self._context.clock(), hosts=hosts)

    async def _check_controllers(self, *, scheduling: bool) -> None:
        """Raises where the scheduler, or any other controller, does not run."""
        working = self.engine.working() if self.engine is not None else {}
        asked = {name: well for name, well in working.items() if (name == self._scheduling) is scheduling}
        if not asked:
            raise RuntimeError("it is not running")
        if ended := sorted(name for name, well in asked.items() if not well):
            raise RuntimeError(f"no longer at work: {', '.join(ended)}")

    def _about_plugins(self) -> dict[str, Any]:
        return describe_plugins(self._plugins, self.chosen)

    async def stop(self) -> None:
        """Idempotent."""
        await self._cleanup.aclose()


def new_context(
    plugins: Plugins,
    config: Config,
    *,
    service_cidr: str,
    admin_token: str,
    clock: Clock,
    shares_store: bool = False,
) -> ClusterContext:
    """What every part of a control plane is told."""
    return ClusterContext(
        config=config,
        service_cidr=service_cidr,
        admin_token=admin_token,
        clock=clock.now,
        metrics=plugins.metrics,
        kinds=tuple(plugins.registry.kinds),
        shares_store=shares_store,
    )


def address_for_pods(service_cidr: str) -> tuple[str, ...]:
    """Where pods reach the API: the last address of the first service range, which the proxy has made this host's own.

    It is no address of the network outside, so the API is not opened to that. None where services lie on loopback.
    """
    network = networks(service_cidr)[0]
    return () if network.is_loopback else (hosts_own(network),)
