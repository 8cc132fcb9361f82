"""How many requests are worked on at a time, whose turn it is, and who never waits."""

from __future__ import annotations

import asyncio

import pytest

from sampan.core.api import in_flight
from sampan.core.api.in_flight import InFlight, Places
from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import Attributes, User
from sampan.core.errors import TooManyRequests
from sampan.plugins.auth.anonymous import NOBODY
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

JANE = User(name="jane")
ADMIN = User(name="root", groups=("system:masters",))
POD = User(name="system:serviceaccount:default:robot", groups=("system:serviceaccounts",))
NODE = User(name="system:node:n", groups=("system:nodes",))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_users_take_turns() -> None:
    places = Places(1)
    await places.take("busy")
    order: list[str] = []

    async def wait(user: str) -> None:
        await places.take(user)
        order.append(user)

    tasks = [asyncio.create_task(wait(user)) for user in ("busy", "busy", "busy", "quiet")]
    await settle()
    for _ in tasks:
        places.give_back()
        await settle()
    assert order == ["busy", "quiet", "busy", "busy"]
    places.give_back()
    assert (places.taken, places.waiting) == (0, 0)


async def test_too_many_that_wait_are_sent_away() -> None:
    places = Places(1, waiting=2, waiting_of_one=1)
    await places.take("a")
    waiting = [asyncio.create_task(places.take(user)) for user in ("a", "b")]
    await settle()
    for user in ("a", "c"):
        with pytest.raises(TooManyRequests) as refused:
            await places.take(user)
        assert refused.value.retry_after == 1
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    places.give_back()
    assert (places.taken, places.waiting) == (0, 0)


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_flight, "PATIENCE", 0.01)
    places = Places(1)
    await places.take("a")
    with pytest.raises(TooManyRequests):
        await places.take("b")
    assert places.waiting == 0


@pytest.mark.parametrize(
    ("attributes", "exempt"),
    [
        (Attributes(user=JANE, verb="list", resource="pods"), False),
        (Attributes(user=ADMIN, verb="list", resource="pods"), True),
        (Attributes(user=NODE, verb="update", group="coordination.k8s.io", resource="leases"), True),
        (Attributes(user=JANE, verb="update", group="coordination.k8s.io", resource="leases"), False),
        (Attributes(user=POD, verb="update", group="coordination.k8s.io", resource="leases"), False),
        (Attributes(user=NOBODY, verb="get", group="coordination.k8s.io", resource="leases"), False),
    ],
)
def test_who_never_waits(attributes: Attributes, exempt: bool) -> None:
    assert (InFlight().place(attributes).places is None) == exempt


def test_reads_writes_and_streams_are_apart() -> None:
    flight = InFlight()
    for verb, places in (("get", flight.reads), ("patch", flight.writes), ("watch", flight.streams)):
        assert flight.place(Attributes(user=JANE, verb=verb, resource="pods")).places is places
    assert flight.place(Attributes(user=JANE, verb="get", resource="pods", subresource="log")).places is flight.streams


async def test_the_answer_says_when_to_come_back(server: ApiServer) -> None:
    server.app.in_flight.reads = Places(0, waiting=0)
    stranger = AsgiClient(server.app, "")
    answer = await stranger.get("/api/v1/pods")
    assert (answer.code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json["message"] == "Too many requests, please try again later."
    assert (await stranger.get("/healthz")).code == 200
    assert (await AsgiClient(server.app).get("/api/v1/pods")).code == 200
