"""What keeps the proxy in step: what it is told, when, and what happens where it cannot follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sampan.core.contracts.bases import ProxyBase
from sampan.core.contracts.proxy import Proxy, ProxyReport, ServicePort
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.service import Service
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.lister import InformerSet
from sampan.core.schema.codec import from_wire
from sampan.core.services.proxier import RETRY_SECONDS, Proxier
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi
from tests.core.services.test_service_ports import READY, endpoint_slice

pytestmark = pytest.mark.anyio


class Noted(ProxyBase):
    """Takes the whole table only."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[tuple[str, list[str]]] = asyncio.Queue()
        self.refuses: set[str] = set()
        self.loop = asyncio.get_running_loop()

    def sync(self, desired: Sequence[ServicePort]) -> ProxyReport:
        return self.noted("sync", desired)

    def noted(self, word: str, some: Iterable[ServicePort]) -> ProxyReport:
        told = sorted(f"{each.name}:{len(each.endpoints)}" for each in some)
        self.loop.call_soon_threadsafe(self.calls.put_nowait, (word, told))
        return ProxyReport(failures=tuple((each, "taken") for each in some if each.name in self.refuses))


class Changing(Noted):
    def change(self, come: Sequence[ServicePort], gone: Sequence[ServicePort]) -> ProxyReport:
        return self.noted("change", come)


def service(name: str, ip: str) -> Service:
    values = {"clusterIP": ip, "ports": [{"port": 80, "protocol": "TCP"}]}
    return from_wire(Service, {"metadata": {"name": name, "namespace": "default"}, "spec": values})


@asynccontextmanager
async def following(api: FakeApi, proxy: Any) -> AsyncIterator[None]:
    informers = InformerSet(api, api.clock)
    made: Proxy = proxy
    proxier = Proxier(made, informers, EventRecorder(api, api.clock, "service-proxy", "n1"), api.clock)
    await informers.start()
    await proxier.start()
    try:
        yield
    finally:
        await proxier.stop()
        await informers.stop()


@pytest.mark.parametrize(("kind", "word", "later"), [(Noted, "sync", ["a:1", "b:0"]), (Changing, "change", ["a:1"])])
async def test_a_proxy_that_can_is_told_no_more_than_what_has_changed(
    kind: type[Noted], word: str, later: list[str]
) -> None:
    api, proxy = FakeApi(service("a", "10.96.0.1"), service("b", "10.96.0.2")), kind()
    async with following(api, proxy):
        assert await proxy.calls.get() == ("sync", ["a:0", "b:0"])
        api.put(endpoint_slice(("10.1.0.2", READY), name="a"))
        assert await proxy.calls.get() == (word, later)


async def test_what_failed_is_tried_again_with_everything_and_told_once() -> None:
    clock = FakeClock()
    api, proxy = FakeApi(service("a", "10.96.0.1"), service("b", "10.96.0.2"), clock=clock), Changing()
    proxy.refuses = {"b"}
    async with following(api, proxy):
        assert await proxy.calls.get() == ("sync", ["a:0", "b:0"])
        for _ in range(2):
            await clock.asked()
            clock.advance(RETRY_SECONDS)
            assert await proxy.calls.get() == ("sync", ["a:0", "b:0"])
    told = [each.message for each in api.all(Event)]
    assert told == ["taken"]
