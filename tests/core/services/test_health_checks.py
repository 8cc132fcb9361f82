"""Load balancers ask a node whether it has pods of a Service: what is counted, and what is answered over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import orjson
import pytest

from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.service import Service
from sampan.core.reconcile.clock import Clock, RealClock, Timer
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.lister import InformerSet
from sampan.core.schema.codec import from_wire
from sampan.core.services.health_checker import LONGEST_REQUEST, MOST_CONNECTIONS, HealthChecker
from sampan.core.services.health_checks import health_check
from sampan.core.services.service_ports import Here
from sampan.core.testing.fake_api import FakeApi
from sampan.core.testing.wait import soon, until
from tests.core.services.test_service_ports import ENDING, NOT_READY, READY, endpoint_slice
from tests.support.cluster import free_port

HERE = Here(frozenset({"n1"}))


def balanced(port: int, **more: Any) -> Service:
    spec = {
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "healthCheckNodePort": port,
        "clusterIP": "10.96.0.9",
    }
    return from_wire(Service, {"metadata": {"name": "web", "namespace": "default"}, "spec": {**spec, **more}})


def pods(*some: tuple[str, dict[str, bool]]) -> Any:
    """One pod for each node and condition."""
    endpoints = [
        {"addresses": [f"10.1.0.{number}"], "conditions": conditions, "nodeName": node}
        for number, (node, conditions) in enumerate(some)
    ]
    return endpoint_slice(endpoints=endpoints)


@pytest.mark.parametrize(
    ("some", "count"),
    [
        ([], 0),
        ([("n1", READY)], 1),
        ([("n1", READY), ("n1", READY), ("n2", READY)], 2),
        ([("n2", READY)], 0),
        ([("n1", NOT_READY)], 0),
        ([("n1", ENDING)], 0),
    ],
)
def test_ready_pods_of_this_machine_count(some: list[tuple[str, dict[str, bool]]], count: int) -> None:
    check = health_check(balanced(30900), [pods(*some)], HERE)
    assert check is not None
    assert check.endpoints == count


@pytest.mark.parametrize("more", [{"externalTrafficPolicy": "Cluster"}, {"healthCheckNodePort": 0}])
def test_others_are_not_checked(more: dict[str, Any]) -> None:
    assert health_check(balanced(30900, **more), [], HERE) is None


@asynccontextmanager
async def checked(api: FakeApi, clock: Clock | None = None) -> AsyncIterator[None]:
    informers = InformerSet(api, api.clock)
    recorder = EventRecorder(api, api.clock, "service-proxy", "n1")
    checker = HealthChecker(informers, recorder, clock or RealClock(), HERE)
    await informers.start()
    await checker.start()
    try:
        yield
    finally:
        await checker.stop()
        await informers.stop()


async def ask(port: int, request: bytes = b"GET /healthz HTTP/1.1\r\nHost: n1\r\n\r\n") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""  # it has not read all before it closed
    finally:
        writer.close()


async def answers(port: int, status: bytes) -> bytes:
    """Once it does."""

    async def said() -> bytes:
        answer = await ask(port)
        assert answer.startswith(b"HTTP/1.1 " + status)
        return answer

    return await soon(said, f"port {port} answers {status!r}", but=(ConnectionError,))


@pytest.mark.anyio
async def test_the_node_answers_by_what_it_has_now() -> None:
    port = free_port()
    api = FakeApi(balanced(port))
    async with checked(api):
        await answers(port, b"503")
        api.put(pods(("n1", READY)))
        said = await answers(port, b"200")
        head, _, body = said.partition(b"\r\n\r\n")
        assert b"X-Load-Balancing-Endpoint-Weight: 1" in head
        assert orjson.loads(body) == {
            "service": {"namespace": "default", "name": "web"}, "localEndpoints": 1, "serviceProxyHealthy": True,
        }  # fmt: skip
        other = free_port()
        api.put(balanced(other))
        await answers(other, b"200")
        with pytest.raises(ConnectionRefusedError):
            await ask(port)


@pytest.mark.anyio
async def test_strangers_use_up_no_more_than_there_is_for_them() -> None:
    port = free_port()
    api = FakeApi(balanced(port), pods(("n1", READY)))
    async with checked(api):
        await answers(port, b"200")
        assert await ask(port, b"x" * LONGEST_REQUEST * 3) == b""
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS)]
        assert await ask(port) == b"", "there is no room"
        for _, writer in idle:
            writer.close()
        await answers(port, b"200")


@pytest.mark.anyio
async def test_a_port_that_a_program_has_is_told_of_on_the_service() -> None:
    with socket.create_server(("0.0.0.0", 0)) as program:
        api = FakeApi(balanced(program.getsockname()[1]))
        async with checked(api):
            await until(lambda: bool(api.all(Event)), "it is told")
        assert [each.reason for each in api.all(Event)] == ["FailedToStartServiceHealthcheck"]


class Counting(RealClock):
    """Which calls are to come."""

    def __init__(self) -> None:
        self.timers: list[asyncio.TimerHandle] = []

    def has_been_asked(self, times: int) -> bool:
        return len(self.timers) == times

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = asyncio.get_running_loop().call_later(seconds, call)
        self.timers.append(timer)
        return timer


@pytest.mark.anyio
async def test_a_service_that_changes_again_and_again_has_one_retry() -> None:
    clock = Counting()
    with socket.create_server(("0.0.0.0", 0)) as program:
        port = program.getsockname()[1]
        api = FakeApi(balanced(port))
        async with checked(api, clock):
            for number in range(1, 6):
                await until(partial(clock.has_been_asked, number), "it is looked at")
                api.put(balanced(port, sessionAffinity="ClientIP" if number % 2 else "None"))
            await until(partial(clock.has_been_asked, 6), "for the last time")
            assert sum(not timer.cancelled() for timer in clock.timers) == 1
        assert all(timer.cancelled() for timer in clock.timers)
        assert len(api.all(Event)) == 1
