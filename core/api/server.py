"""The API server put together: catalog, gates, operations, HTTP over TLS.

Made by whoever starts a cluster (the command line, a test fixture) on the loop that it shall run on. In-process
components use `ApiServer.client`; everybody else connects to `ApiServer.url`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import uvicorn

from sampan.core.api import pki
from sampan.core.api.access import Gates
from sampan.core.api.admission_choice import chosen, read_settings
from sampan.core.api.aggregation.aggregation import Aggregation
from sampan.core.api.aggregation.client import WideClient
from sampan.core.api.answers.all import ANSWERS
from sampan.core.api.app import Api
from sampan.core.api.audit.auditor import Auditor
from sampan.core.api.bootstrap import advertise, bootstrap, lay
from sampan.core.api.catalog import CacheReader, Catalog
from sampan.core.api.component_statuses import SOURCE, Check, ComponentStatuses
from sampan.core.api.definitions import Definitions
from sampan.core.api.discovery import Discovery
from sampan.core.api.endpoints import Endpoints
from sampan.core.api.expiry import Expiry
from sampan.core.api.flow.control import FlowControl
from sampan.core.api.flow.defaults import FlowDefaults
from sampan.core.api.flow.keeper import AGENT, FlowKeeper
from sampan.core.api.handlers import Handlers
from sampan.core.api.health import Health
from sampan.core.api.metrics import Metrics
from sampan.core.api.node_links import NodeLinks
from sampan.core.api.openapi import OpenApi
from sampan.core.api.operations.pipeline import Pipeline
from sampan.core.api.plain_http import server_context
from sampan.core.api.resources import Resources
from sampan.core.api.service_addresses import ServiceAddresses
from sampan.core.api.shared_notes import StoreNotes
from sampan.core.api.subresources.all import make_subresources
from sampan.core.api.takeover import UpgradableProtocol
from sampan.core.api.tls import EmbeddedServer
from sampan.core.api.tokens import Tokens
from sampan.core.api.upgrade import PING_TIMEOUT, UpgradeProtocol
from sampan.core.api.webhook_client import WebhookClient
from sampan.core.classes import frozen
from sampan.core.client.protocol import Client
from sampan.core.config import ClusterContext
from sampan.core.contracts.access import SYSTEM_MASTERS, AccessContext, Reader, SharedNotes, User, Webhooks
from sampan.core.contracts.source import Source, SourceContext
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.host.listening import bind
from sampan.core.model.kinds import KubeObject
from sampan.core.parts import Part
from sampan.core.registry import Registry
from sampan.core.schema.resource import resource_of
from sampan.core.store.contract import Store
from sampan.core.store.follower import Follower


class Ordered(Protocol):
    order: int


OrderedPart = TypeVar("OrderedPart", bound=Ordered)

Guard = Callable[[Part[Any], Any, Sequence[str]], Any]
"""Gives a part that was made, with what it must not hold others up in: the coroutine methods that are named."""


def unguarded(part: Part[Any], made: Any, methods: Sequence[str]) -> Any:
    return made


QUIET = "critical"
"""uvicorn's own log: a line for each request that is none would let strangers write it. What fails here, the app tells."""
IDLE_SECONDS = 180
"""How long an idle connection is kept: longer than clients keep theirs, so that none is closed under a request."""
SYSTEM_USER = User(name="system:apiserver", groups=(SYSTEM_MASTERS,))


@frozen
class Listening:
    """Where the server is reached."""

    address: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"https://{host}:{self.port}"


class ApiServer:
    """``context`` carries the configuration (address, port, data directory), the clock and the metrics registry."""

    def __init__(
        self,
        registry: Registry,
        store: Store,
        context: ClusterContext,
        nodes: NodeDirectory,
        auditor: Auditor | None = None,
        guard: Guard = unguarded,
    ) -> None:
        self.auditor = auditor or Auditor(context.clock)
        self._registry = registry
        self._context = context
        self._follower = Follower(store)
        self.parts: dict[str, Check] = {"etcd-0": self._check_store}
        """Of the control plane, for ComponentStatuses; who runs others enters them."""
        self.catalog = Catalog(self._follower, self._source, ANSWERS)
        self.webhooks = WebhookClient(CacheReader(self.catalog))
        self.definitions = Definitions(self.catalog, self._follower, self.webhooks)
        self.catalog.settled = self.definitions.settled
        self.aggregation = Aggregation(self.catalog, CacheReader(self.catalog), context.front_proxy, context.clock)
        self.nodes = nodes
        self.addresses = ServiceAddresses(context.service_cidr, self.catalog, store, context.clock)
        tokens = Tokens(context.token_key_pem, context.clock)
        notes = StoreNotes(self._follower) if context.shares_store else None
        gates = make_gates(registry, context, CacheReader(self.catalog), tokens, self.webhooks, notes, guard)
        self.pipeline = Pipeline(
            store=store,
            catalog=self.catalog,
            gates=gates,
            clock=context.clock,
            tokens=tokens,
            keepers={"service-addresses": self.addresses},
        )
        self.app = self._make_app()
        self._server: EmbeddedServer | None = None
        self._task: asyncio.Task[None] | None = None
        self.expiry = Expiry(self.pipeline)
        own = self.client(agent=AGENT)
        self.flow_keeper = FlowKeeper(own, self.pipeline.reader, context.clock)
        self.listening = Listening(context.config.address, context.config.port)

    def _make_app(self) -> Api:
        handlers = Handlers(self.pipeline)
        subresources = make_subresources(handlers, self.nodes)
        resources = Resources(self.catalog, handlers, subresources)
        flow = FlowControl(self.pipeline.reader)
        metrics = Metrics(self._context.metrics, resources.knows, flow)
        config = self._context.config
        discovery = Discovery(self.catalog, self.aggregation, subresources, f"{config.address}:{config.port}")
        health = Health(self._check_store, self._follower.store.check_room)
        self._endpoints = Endpoints(
            discovery, OpenApi(self.catalog, self.aggregation), metrics, health, self.pipeline.tokens,
            NodeLinks(self.nodes),
        )  # fmt: skip
        return Api(self.pipeline, resources, self._endpoints, self.aggregation, metrics, self.auditor, flow)

    def _source(self, name: str) -> Source:
        if name == SOURCE:
            return ComponentStatuses(self.parts)
        context = SourceContext(reader=CacheReader(self.catalog), nodes=self.nodes, clock=self._context.clock)
        return self._registry.sources.find(name).make(context)

    async def _check_store(self) -> None:
        await self.pipeline.store.revision()

    @property
    def url(self) -> str:
        return self.listening.url

    def answer_at(self, path: str, answer: Callable[[], Any]) -> None:
        """Have GET of ``path`` answered with the JSON value that ``answer`` works out, in a thread."""
        self._endpoints.answers[path] = answer

    def warn_of(self, kind: type[KubeObject], why: str) -> None:
        """Tell everybody who writes such an object that nothing comes of it in this cluster."""
        self.pipeline.without_effect[resource_of(kind).info.resource] = why

    def client(self, user: User = SYSTEM_USER, agent: str = "sampan") -> Client:
        """In-process access as ``user``; ``agent`` names the field manager of its writes."""
        auditor = self.app.auditor
        told = auditor if auditor.keeps else None
        return WideClient(pipeline=self.pipeline, user=user, agent=agent, auditor=told, aggregation=self.aggregation)

    async def load(self) -> None:
        """Serve the registry's kinds in-process: all that tests without sockets need."""
        await self._follower.start()
        resources = [resource_of(cls) for cls in self._registry.kinds]
        for resource in sorted(resources, key=lambda resource: resource.info.is_view):
            await self.catalog.add(resource)
        await self.addresses.load(self._follower)
        await self.definitions.start()
        await self.aggregation.start(self.client())

    async def start(self, files: pki.ServerFiles, *bound: socket.socket) -> None:
        """Load, create what every cluster has, and listen. Raises `ConfigError` where the port is taken.

        ``bound`` are listening sockets made earlier (`bind`), for those who must know the port beforehand or listen on
        several addresses; the first is the one that `url` names.
        """
        bound = bound or (bind(self._context.config.address, self._context.config.port),)
        self.listening = Listening(*bound[0].getsockname()[:2])
        await self.load()
        await self.prepare()
        self._server = EmbeddedServer(self._uvicorn_config(files))
        self._task = asyncio.create_task(self._server.serve(sockets=list(bound)), name="api-server")
        await self._server.started_or_failed(self._task)
        self.expiry.start()
        self.flow_keeper.start()
        if not ipaddress.ip_address(self.listening.address).is_loopback:
            await self.advertise(self.listening.address)

    async def prepare(self) -> None:
        """Make what every cluster has: namespaces, the server's own Service, and what plugins want there."""
        await bootstrap(self.client(), self._context.service_cidr, self.listening.port)
        await lay(FlowDefaults(), self.pipeline, self.client())
        for part in self._registry.groundworks:
            await lay(part.make(self._context), self.pipeline, self.client())

    async def advertise(self, address: str) -> None:
        """Let the ``kubernetes`` Service lead to this server at ``address``, where pods can reach it."""
        await advertise(self.client(), address, self.listening.port)

    def _uvicorn_config(self, files: pki.ServerFiles) -> uvicorn.Config:
        config = uvicorn.Config(
            self.app,
            http=UpgradableProtocol,
            ws=UpgradeProtocol,
            ws_per_message_deflate=False,
            ws_ping_timeout=PING_TIMEOUT,
            lifespan="off",
            interface="asgi3",
            access_log=False,
            proxy_headers=False,  # nobody stands in between: who sends X-Forwarded-For is not believed
            log_config=None,
            log_level=QUIET,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = server_context(str(files.certificate_file), str(files.key_file), str(files.ca_file))
        return config

    def break_connections(self) -> None:
        """Break off every connection, as a network that fails does. For tests of clients."""
        if self._server is not None:
            self._server.break_connections()

    async def stop(self) -> None:
        """Close connections, watches and caches; the store stays open. Idempotent."""
        await self.aggregation.stop()
        await self.definitions.stop()
        await self.expiry.stop()
        await self.flow_keeper.stop()
        self.catalog.close()
        server, task = self._server, self._task
        self._server = self._task = None
        if server is not None and task is not None:
            server.end()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.pipeline.workers.close()
        await asyncio.to_thread(self.auditor.close)
        await self.webhooks.close()
        await self._follower.close()


def server_files(context: ClusterContext, folder: Path, more_hosts: Iterable[str] = ()) -> pki.ServerFiles:
    """The TLS files of a cluster, with every name and address that its server is asked by."""
    hosts = {context.config.address, socket.gethostname(), *more_hosts}
    hosts -= {"0.0.0.0", "::"}
    return pki.server_files(folder, context.config.cluster, hosts, context.clock())


def make_gates(
    registry: Registry,
    context: ClusterContext,
    reader: Reader,
    tokens: Tokens,
    webhooks: Webhooks,
    notes: SharedNotes | None = None,
    guard: Guard = unguarded,
) -> Gates:
    """The chains of plugins, each made with a way to ask the whole of them. Raises `ConfigError`."""
    gates = Gates()
    choice = context.config.admission
    made_with = AccessContext(
        cluster=context,
        reader=reader,
        authorizer=gates,
        clock=context.clock,
        tokens=tokens,
        webhooks=webhooks,
        settings=read_settings(choice.settings),
        notes=notes,
    )
    gates.authenticators = _ordered(registry.authenticators, made_with, guard, "authenticate")
    gates.authorizers = _ordered(registry.authorizers, made_with, guard, "authorize")
    admissions = chosen(registry.admissions, choice, made_with.settings)
    gates.admissions = _ordered(admissions, made_with, guard, "mutate", "validate")
    return gates


def _ordered(
    parts: Iterable[Part[OrderedPart]], context: AccessContext, guard: Guard, *methods: str
) -> list[OrderedPart]:
    """Every part of one sort, in the order that the parts themselves name."""
    made: list[tuple[str, OrderedPart]] = [(part.name, guard(part, part.make(context), methods)) for part in parts]
    return [each for _, each in sorted(made, key=lambda pair: (pair[1].order, pair[0]))]
