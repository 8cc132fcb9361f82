"""The API server without sockets: the ASGI app over a memory store, with a clock that tests may move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from sampan.core.api.server import ApiServer
from sampan.core.config import AdmissionChoice, ClusterContext, Config
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.model.builtin import BUILTIN_KINDS, ServiceAccount
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.registry import Registry
from sampan.core.store.history import HistoryPolicy
from sampan.plugins import admission as admission_plugins
from sampan.plugins import auth, certificates, pod_security, quota
from sampan.plugins.stores.memory import MemoryStore
from tests.support.asgi import TOKEN, AsgiClient
from tests.support.node import PODS, FakeNode, pod


@attrs.define
class MovableClock:
    now: datetime = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    for cls in BUILTIN_KINDS:
        made.kind(cls)
    for room in (auth, admission_plugins, quota, pod_security, certificates):
        room.register(made)
    return made


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(history=HistoryPolicy(revisions=100_000))


@pytest.fixture
def admission() -> AdmissionChoice:
    """What differs from the usual admission."""
    return AdmissionChoice()


@pytest.fixture
def service_cidr() -> str:
    """The cluster's service addresses."""
    return "10.96.0.0/24"


@pytest.fixture
async def server(
    registry: Registry,
    store: MemoryStore,
    clock: MovableClock,
    tmp_path: Path,
    admission: AdmissionChoice,
    service_cidr: str,
) -> AsyncIterator[ApiServer]:
    config = Config(data_dir=tmp_path, admission=admission)
    context = ClusterContext(config=config, service_cidr=service_cidr, admin_token=TOKEN, clock=clock)
    made = ApiServer(registry, store, context, NodeDirectory())
    await made.load()
    await made.prepare()
    await made.client().create(ServiceAccount(metadata=ObjectMeta(name="default", namespace="default")))
    yield made
    await made.stop()


@pytest.fixture
def api(server: ApiServer) -> AsgiClient:
    """As the administrator."""
    return AsgiClient(server.app)


@pytest.fixture
async def node(api: AsgiClient, server: ApiServer) -> FakeNode:
    """The node ``n`` with the pod ``p`` on it."""
    made = FakeNode()
    server.nodes.enter("n", made)
    assert (await api.post(PODS, pod("p", nodeName="n"))).code == 201
    return made
