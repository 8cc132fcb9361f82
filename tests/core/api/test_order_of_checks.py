"""Who may not ask is told so, before anything else that is wrong, and before a byte of the body is read."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from tests.support.asgi import AsgiClient, Exchange

pytestmark = pytest.mark.anyio

MAPS = "/api/v1/namespaces/default/configmaps"


class Unread(Exchange):
    """A body that must not be asked for."""

    def __init__(self) -> None:
        super().__init__(b"")

    async def receive(self) -> dict[str, Any]:
        raise AssertionError("the body was read before its sender was allowed in")


@pytest.mark.parametrize(("token", "code"), [("", 403), ("guess", 401)])
@pytest.mark.parametrize(
    ("method", "path", "content_type", "accept"),
    [
        ("POST", MAPS, "application/yaml", ""),
        ("POST", MAPS, "text/plain", ""),
        ("POST", MAPS, "", "text/csv"),
        ("POST", f"{MAPS}?fieldValidation=nonsense", "", ""),
        ("PUT", f"{MAPS}/a", "application/json", ""),
        ("PATCH", f"{MAPS}/a", "application/unheard-of", ""),
        ("PATCH", MAPS, "", ""),
        ("DELETE", f"{MAPS}/a", "application/yaml", ""),
        ("DELETE", f"{MAPS}?labelSelector=((", "", ""),
        ("GET", f"{MAPS}?limit=ten", "", ""),
        ("BREW", MAPS, "", ""),
        ("PUT", f"{MAPS}/a/scale", "", ""),
        ("POST", "/api/v1/namespaces/default/bindings", "application/yaml", ""),
        ("POST", "/api/v1/namespaces/default/pods/p/eviction", "application/yaml", ""),
        ("POST", "/api/v1/namespaces/default/pods/p/exec", "", ""),
        ("GET", "/api/v1/namespaces/default/pods/p/log?tailLines=many", "", ""),
        ("GET", "/apis/nowhere.example/v1/things", "", ""),
        ("POST", "/nowhere", "application/yaml", ""),
    ],
)
async def test_nobody_in_particular_is_refused_first(
    server: ApiServer, token: str, code: int, method: str, path: str, content_type: str, accept: str
) -> None:
    client = AsgiClient(server.app, token)
    exchange = Unread()
    await server.app(client.scope(method, path, accept, content_type), exchange.receive, exchange.send)
    assert exchange.answer().code == code


async def test_a_stream_is_refused_before_its_pod_is_looked_for(server: ApiServer) -> None:
    path = "/api/v1/namespaces/default/pods/absent/exec?command=ls&stdout=true"
    async with AsgiClient(server.app, "").connect(path, "v5.channel.k8s.io") as socket:
        message = await socket.message()
    assert (message["type"], message["status"]) == ("websocket.http.response.start", 403)
