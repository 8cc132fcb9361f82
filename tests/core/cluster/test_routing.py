"""Where Ingresses are served: at the loopback and the node's address, of each IP family that the node has."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from sampan.core.api.pki import make_authority
from sampan.core.cluster.routing import HttpRouting
from sampan.core.config import Config
from sampan.core.contracts.http_router import RouterSettings, RouteTable
from sampan.core.datadir import Decisions
from sampan.core.host.capabilities import has_ipv6
from sampan.core.model.core_v1.node import Node
from sampan.core.model.networking_v1.ingress import Ingress
from sampan.core.reconcile.lister import InformerSet
from sampan.core.schema.codec import from_wire
from sampan.core.testing.fake_api import FakeApi
from tests.support.ingresses import ingress, rule
from tests.support.needs import needs
from tests.support.wait import soon

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
AUTHORITY = make_authority("test", NOW)
NODE = "127.0.0.9"
NOBODYS = "2001:db8::1"


@attrs.define
class Router:
    """Notes where it is to listen."""

    plain: list[str] = attrs.field(factory=list)
    encrypted: list[str] = attrs.field(factory=list)

    def start(self, plain: Sequence[socket.socket], encrypted: Sequence[socket.socket], table: RouteTable) -> None:
        self.plain, self.encrypted = ([each.getsockname()[0] for each in some] for some in (plain, encrypted))

    def load(self, table: RouteTable) -> None:
        """It serves nobody."""

    def close(self) -> None:
        """Nothing is open."""

    def destroy(self) -> None:
        """Nothing is left."""


@asynccontextmanager
async def served(folder: Path, router: Router, said: list[str], *addresses: str) -> AsyncIterator[FakeApi]:
    """By a node with these addresses."""
    api = FakeApi()
    status = {"addresses": [{"type": "InternalIP", "address": each} for each in addresses]}
    await api.create(from_wire(Node, {"metadata": {"name": "n1"}, "status": status}))
    await api.create(ingress("web", rule("a.example")))
    registered = SimpleNamespace(make=lambda _settings: router)
    routers = SimpleNamespace(find=lambda _name: registered)
    plugins: Any = SimpleNamespace(registry=SimpleNamespace(http_routers=routers))
    routing = HttpRouting("own", RouterSettings(cluster="c", state_dir=folder, say=said.append), plugins, api.clock)
    informers = InformerSet(api, api.clock)
    try:
        routing.prepare(Config(data_dir=folder, ingress_port=0, ingress_tls_port=0), Decisions(cluster="c"))
        await informers.start()
        await routing.follow(api, informers, "n1", lambda hosts: AUTHORITY.issue("own", NOW, hosts=hosts))
        yield api
    finally:
        await routing.stop()
        await informers.stop()
        routing.close()


async def shown(api: FakeApi) -> list[str | None]:
    """The addresses of the Ingress, once it has some."""

    async def found() -> list[str | None]:
        status = (await api.get(Ingress, "default", "web")).status
        return [each.ip for each in status.load_balancer.ingress]

    return await soon(found, "the Ingress has an address")


async def test_a_node_of_ipv4_is_served_at_its_address_and_on_loopback(tmp_path: Path) -> None:
    router = Router()
    async with served(tmp_path, router, [], NODE) as api:
        assert router.plain == router.encrypted == ["127.0.0.1", NODE]
        assert await shown(api) == [NODE]


@needs(has_ipv6(), "the host has no IPv6")
async def test_a_node_of_both_families_is_served_in_both_as_far_as_that_can_be(tmp_path: Path) -> None:
    router, said = Router(), list[str]()
    async with served(tmp_path, router, said, NODE, NOBODYS) as api:
        assert router.plain == router.encrypted == ["127.0.0.1", NODE, "::1"]
        assert await shown(api) == [NODE]
    assert any(f"not at {NOBODYS}" in line for line in said)


async def test_where_no_address_of_the_node_can_be_had_loopback_is_shown(tmp_path: Path) -> None:
    router = Router()
    async with served(tmp_path, router, [], "192.0.2.77") as api:
        assert router.plain == ["127.0.0.1"]
        assert await shown(api) == ["127.0.0.1"]
