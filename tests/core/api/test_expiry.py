"""Events go an hour after they were last written."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from tests.core.api.conftest import MovableClock
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

EVENTS = "/api/v1/namespaces/default/events"


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "involvedObject": {"namespace": "default"}, "reason": "Tested", **more}


async def names(api: AsgiClient) -> list[str]:
    return [each["metadata"]["name"] for each in (await api.get(EVENTS)).json["items"]]


async def test_events_go_when_their_time_is_over(server: ApiServer, api: AsgiClient, clock: MovableClock) -> None:
    assert (await api.post(EVENTS, event("old"))).code == 201
    assert (await api.post(EVENTS, event("again"))).code == 201
    clock.advance(3000)
    await api.patch(f"{EVENTS}/again", {"lastTimestamp": clock.now.strftime("%Y-%m-%dT%H:%M:%SZ"), "count": 2})
    await server.expiry.sweep()
    assert await names(api) == ["again", "old"]
    clock.advance(700)
    await server.expiry.sweep()
    assert await names(api) == ["again"]
    clock.advance(3000)
    await server.expiry.sweep()
    assert await names(api) == []


async def test_nothing_else_goes(server: ApiServer, api: AsgiClient, clock: MovableClock) -> None:
    maps = "/api/v1/namespaces/default/configmaps"
    await api.post(maps, {"metadata": {"name": "a"}})
    clock.advance(10**7)
    await server.expiry.sweep()
    assert (await api.get(f"{maps}/a")).code == 200
