"""Groups of the API that another server brings: found, asked in the user's name, and missed without harm."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from sampan.core.api import pki
from sampan.core.api.spdy.frames import Ping
from sampan.core.config import utc_now
from sampan.core.contracts.access import SYSTEM_MASTERS
from sampan.core.model.apiregistration_v1.api_service import APIService
from sampan.core.model.builtin import ConfigMap, EndpointSlice, Namespace, Service
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.testing.control_plane import TOKEN, ControlPlane, control_plane
from sampan.core.testing.wait import soon
from tests.support.asgi import AsgiClient
from tests.support.extension_server import GROUP, ROOT, VERSION, ExtensionServer

pytestmark = pytest.mark.anyio

NAME = f"{VERSION}.{GROUP}"
BOATS = f"{ROOT}/namespaces/a/boats"
BOAT: dict[str, Any] = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Boat", "metadata": {"name": "b", "namespace": "a"}}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@pytest.fixture
async def plane(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path, controllers=getattr(request, "param", False)) as made:
        await made.client.create(from_wire(Namespace, {"metadata": {"name": "a"}}))
        yield made


@attrs.frozen
class Harbour:
    """A cluster, an extension server behind a Service of it, and the administrator's client."""

    plane: ControlPlane
    server: ExtensionServer
    ca_bundle: str
    api: AsgiClient

    async def register(self, **spec: Any) -> None:
        service = {"namespace": "a", "name": "boats"}
        whole = {
            "group": GROUP, "version": VERSION, "groupPriorityMinimum": 2000, "versionPriority": 200, "service": service,
            "caBundle": self.ca_bundle, **spec,
        }  # fmt: skip
        await self.plane.client.create(from_wire(APIService, {"metadata": {"name": NAME}, "spec": whole}))

    async def condition(self) -> tuple[str, str, str]:
        found = (await self.plane.client.get(APIService, "", NAME)).status.conditions
        return (found[0].status, found[0].reason, found[0].message) if found else ("", "", "")

    async def becomes(self, status: str, reason: str) -> str:
        """The condition's message, once it is so."""

        async def is_so() -> str:
            now = await self.condition()
            assert now[:2] == (status, reason)
            return now[2]

        return await soon(is_so)

    async def endpoints(self, port: int, name: str = "boats-1") -> None:
        part = {
            "metadata": {
                "name": name,
                "namespace": "a",
                "uid": name,
                "labels": {"kubernetes.io/service-name": "boats"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": port}],
        }
        whole = {
            "kind": "EndpointSlice",
            "apiVersion": "discovery.k8s.io/v1",
            **to_wire(from_wire(EndpointSlice, part)),
        }
        await self.plane.api.pipeline.store.create(f"/registry/endpointslices/a/{name}", orjson.dumps(whole))


@pytest.fixture
async def harbour(plane: ControlPlane, tmp_path: Path) -> AsyncIterator[Harbour]:
    """The server is there; what leads to it is the test's to make."""
    authority = pki.make_authority("harbour", utc_now())
    certificate, key = authority.issue("boats", utc_now(), hosts=["boats.a.svc"])
    (tmp_path / "boats.crt").write_text(certificate)
    (tmp_path / "boats.key").write_text(key)
    front_ca = (tmp_path / "pki" / "front-proxy-ca.crt").read_text()
    server = ExtensionServer(("127.0.0.1", 0), tmp_path / "boats.crt", tmp_path / "boats.key", front_ca)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    bundle = base64.b64encode(authority.pem.encode()).decode()
    try:
        yield Harbour(plane, server, bundle, AsgiClient(plane.api.app, TOKEN))
    finally:
        server.end_watches()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
async def boats(harbour: Harbour) -> Harbour:
    """The server is registered, and available."""
    service = {"metadata": {"name": "boats", "namespace": "a"}, "spec": {"ports": [{"name": "https", "port": 443}]}}
    await harbour.plane.client.create(from_wire(Service, service))
    await harbour.endpoints(harbour.server.server_address[1])
    await harbour.register()
    assert await harbour.becomes("True", "Passed") == "all checks passed"
    return harbour


async def test_its_condition_says_step_by_step_what_is_missing(harbour: Harbour) -> None:
    await harbour.register()
    assert await harbour.becomes("False", "ServiceNotFound") == 'service/boats in "a" is not present'
    service = {"metadata": {"name": "boats", "namespace": "a"}, "spec": {"ports": [{"name": "https", "port": 8443}]}}
    made = await harbour.plane.client.create(from_wire(Service, service))
    assert await harbour.becomes("False", "ServicePortError") == 'service/boats in "a" is not listening on port 443'
    ports = [{"name": "https", "port": 443, "protocol": "TCP"}]
    await harbour.plane.client.patch(Service, "a", "boats", {"spec": {"ports": ports}})
    said = await harbour.becomes("False", "EndpointsNotFound")
    assert said == 'cannot find endpointslices for service/boats in "a"'
    assert made.metadata.name == "boats"
    await harbour.endpoints(1)
    said = await harbour.becomes("False", "FailedDiscoveryCheck")
    assert said.startswith(f"failing or missing response from https://127.0.0.1:1{ROOT}: Get ")
    refused = await harbour.api.get(BOATS)
    assert (refused.code, refused.raw) == (503, b"service unavailable\n")
    await harbour.plane.client.delete(EndpointSlice, "a", "boats-1")
    await harbour.endpoints(harbour.server.server_address[1], "boats-2")
    assert await harbour.becomes("True", "Passed") == "all checks passed"


async def test_requests_come_in_the_users_name_and_without_what_proves_it(boats: Harbour) -> None:
    made = await boats.api.post(f"{BOATS}?fieldManager=me", BOAT, content_length=True)
    assert (made.code, made.json["metadata"]["uid"]) == (201, "uid-0")
    assert (await boats.api.get(f"{BOATS}/b")).json["kind"] == "Boat"
    method, path, headers = next(each for each in boats.server.asked if each[0] == "POST")
    assert (method, path) == ("POST", f"{BOATS}?fieldManager=me")
    assert headers["x-remote-user"] == ["kubernetes-admin"]
    assert SYSTEM_MASTERS in headers["x-remote-group"]
    assert "authorization" not in headers
    assert (await boats.api.delete(f"{BOATS}/b")).json["status"] == "Success"
    assert (await boats.api.get(f"{BOATS}/b")).code == 404


async def test_who_may_not_is_refused_here(boats: Harbour) -> None:
    nobody = AsgiClient(boats.plane.api.app, "")
    before = len(boats.server.asked)
    assert (await nobody.get(BOATS)).code == 403
    assert len(boats.server.asked) == before


async def test_a_watch_shows_events_as_they_come(boats: Harbour) -> None:
    async with boats.api.watch(f"{BOATS}?watch=true") as stream:

        async def is_watched() -> bool:
            return bool(boats.server.watchers)

        await soon(is_watched)
        await boats.api.post(BOATS, BOAT, content_length=True)
        type, boat = await stream.event()
        assert (type, boat["metadata"]["name"]) == ("ADDED", "b")
        boats.server.end_watches()


async def test_discovery_has_it_in_its_place(boats: Harbour) -> None:
    groups = [each["name"] for each in (await boats.api.get("/apis")).json["groups"]]
    assert groups[0] == "apiregistration.k8s.io"
    assert groups.index("flowcontrol.apiserver.k8s.io") < groups.index(GROUP) < groups.index("metrics.k8s.io")
    assert (await boats.api.get(f"/apis/{GROUP}")).json["preferredVersion"]["version"] == VERSION
    assert [each["name"] for each in (await boats.api.get(ROOT)).json["resources"]] == ["boats"]

    async def is_current() -> dict[str, Any]:
        whole = (await boats.api.get("/apis", accept=AGGREGATED)).json
        version = next(each for each in whole["items"] if each["metadata"]["name"] == GROUP)["versions"][0]
        assert version["freshness"] == "Current"
        return dict(version)

    assert (await soon(is_current))["resources"][0]["responseKind"]["kind"] == "Boat"


async def test_openapi_has_its_part(boats: Harbour) -> None:
    whole = (await boats.api.get("/openapi/v2")).json
    assert f"{ROOT}/boats" in whole["paths"]
    assert "com.example.boats.v1.Boat" in whole["definitions"]
    assert "not.needed" not in whole["definitions"]
    meta = whole["definitions"]["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]
    assert "labels" in meta["properties"], "what Kubernetes' own types say is not overwritten"
    index = (await boats.api.get("/openapi/v3")).json["paths"]
    url = index[ROOT[1:]]["serverRelativeURL"]
    assert (await boats.api.get(url)).json["info"]["title"] == "Boats"


async def test_a_redirect_is_not_followed(boats: Harbour) -> None:
    boats.server.answers[f"{BOATS}/x"] = (302, {"Location": "https://127.0.0.1/"}, b"")
    refused = await boats.api.get(f"{BOATS}/x")
    said = b"the backend attempted to redirect this request, which is not permitted"
    assert (refused.code, refused.raw) == (502, said)


async def test_one_that_goes_away_leaves_the_rest_as_it_is(boats: Harbour) -> None:
    await boats.plane.client.delete(EndpointSlice, "a", "boats-1")
    said = await boats.becomes("False", "EndpointsNotFound")
    assert said == 'cannot find endpointslices for service/boats in "a"'
    assert (await boats.api.get(BOATS)).code == 503
    whole = (await boats.api.get("/apis", accept=AGGREGATED)).json
    version = next(each for each in whole["items"] if each["metadata"]["name"] == GROUP)["versions"][0]
    assert version["freshness"] == "Stale"
    assert (await boats.api.get("/openapi/v2")).code == 200
    await boats.plane.client.delete(APIService, "", NAME)

    async def is_gone() -> bool:
        return ((await boats.api.get(f"/apis/{GROUP}")).code, (await boats.api.get(BOATS)).code) == (404, 404)

    await soon(is_gone)


async def test_a_certificate_that_is_not_trusted_is_not_asked(boats: Harbour) -> None:
    other = base64.b64encode(pki.make_authority("other", utc_now()).pem.encode()).decode()
    await boats.plane.client.patch(APIService, "", NAME, {"spec": {"caBundle": other}})
    assert "certificate verify failed" in await boats.becomes("False", "FailedDiscoveryCheck")
    trusting = {"spec": {"caBundle": None, "insecureSkipTLSVerify": True}}
    await boats.plane.client.patch(APIService, "", NAME, trusting)
    await boats.becomes("True", "Passed")


def _context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "boats.crt", folder / "boats.key")
    return context


async def test_a_websocket_is_carried_both_ways(boats: Harbour, tmp_path: Path) -> None:
    users: list[str] = []

    async def echo(there: ServerConnection) -> None:
        assert there.request is not None
        users.append(there.request.headers["X-Remote-User"])
        async for message in there:
            await there.send(message)

    async with serve(echo, "127.0.0.1", 0, ssl=_context(tmp_path), subprotocols=[Subprotocol("binary")]) as server:
        await boats.plane.client.delete(EndpointSlice, "a", "boats-1")
        await boats.endpoints(server.sockets[0].getsockname()[1], "boats-2")
        async with boats.api.connect(f"{BOATS}/b/console", "binary") as socket:
            assert (await socket.message())["subprotocol"] == "binary"
            socket.client({"type": "websocket.receive", "bytes": b"ahoy"})
            assert (await socket.message())["bytes"] == b"ahoy"
            socket.client({"type": "websocket.receive", "text": "aye"})
            assert (await socket.message())["text"] == "aye"
    assert users == ["kubernetes-admin"]


async def test_an_upgrade_is_carried_as_bytes(boats: Harbour, tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nX-Chosen: v4\r\n\r\n")
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=_context(tmp_path))
    async with server:
        await boats.plane.client.delete(EndpointSlice, "a", "boats-1")
        await boats.endpoints(server.sockets[0].getsockname()[1], "boats-2")
        async with boats.api.upgrade(f"{BOATS}/b/exec") as upgraded:
            assert (await asyncio.wait_for(upgraded.headers, 5)) == {"x-chosen": "v4"}
            upgraded.send(Ping(7))
            assert await upgraded.frame() == Ping(7)
    assert b"x-remote-user: kubernetes-admin" in heads[0]
    assert b"authorization" not in heads[0]


async def test_a_slow_server_holds_up_nobody_else(boats: Harbour) -> None:
    blocked = asyncio.create_task(boats.api.get(f"{BOATS}?watch=true"))
    assert (await boats.api.get("/api/v1/namespaces/a")).code == 200
    boats.server.end_watches()
    blocked.cancel()
    await asyncio.gather(blocked, return_exceptions=True)


async def test_a_cookie_of_one_answer_is_sent_with_no_other_request(boats: Harbour) -> None:
    boats.server.answers[BOATS] = (200, {"Set-Cookie": "of=one-user; Path=/"}, b"{}")
    for _ in range(2):
        assert (await boats.api.request("GET", BOATS)).headers.get("set-cookie") == "of=one-user; Path=/"
    assert [headers.get("cookie") for _, path, headers in boats.server.asked if path == BOATS] == [None, None]


with_controllers = pytest.mark.parametrize("plane", [True], indirect=True, ids=["controllers"])


@with_controllers
async def test_its_objects_go_with_their_owners(boats: Harbour) -> None:
    owner = await boats.plane.client.create(from_wire(ConfigMap, {"metadata": {"name": "owner", "namespace": "a"}}))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid}
    owned = {**BOAT, "metadata": {**BOAT["metadata"], "name": "owned", "ownerReferences": [reference]}}
    for boat in (BOAT, owned):
        assert (await boats.api.request("POST", BOATS, boat, content_length=True)).code == 201
    await boats.plane.client.delete(ConfigMap, "a", "owner")

    async def has_gone() -> bool:
        return list(boats.server.boats) == ["b"]

    await soon(has_gone)
    users = [headers["x-remote-user"] for method, _, headers in boats.server.asked if method == "DELETE"]
    assert users == [["system:serviceaccount:kube-system:generic-garbage-collector"]]


@with_controllers
async def test_its_objects_go_with_their_namespace_which_waits_for_a_server_that_is_away(boats: Harbour) -> None:
    plane = boats.plane
    await plane.client.create(from_wire(Namespace, {"metadata": {"name": "gone"}}))
    path = BOATS.replace("/a/", "/gone/")
    there = {**BOAT, "metadata": {"name": "there", "namespace": "gone"}}
    assert (await boats.api.request("POST", path, there, content_length=True)).code == 201
    assert (await boats.api.request("POST", BOATS, BOAT, content_length=True)).code == 201
    boats.server.answers[ROOT] = (503, {}, b"")
    await boats.endpoints(boats.server.server_address[1], "boats-2")  # has it looked at
    await boats.becomes("False", "FailedDiscoveryCheck")
    await plane.client.delete(Namespace, "", "gone")

    async def says_so() -> bool:
        conditions = (await plane.client.get(Namespace, "", "gone")).status.conditions
        found = {each.type: (each.status, each.reason) for each in conditions}
        return found.get("NamespaceDeletionDiscoveryFailure") == ("True", "DiscoveryFailed")

    await soon(says_so)
    assert "there" in boats.server.boats
    del boats.server.answers[ROOT]
    await boats.endpoints(boats.server.server_address[1], "boats-3")
    await boats.becomes("True", "Passed")

    async def has_gone() -> bool:
        return "gone" not in [each.key[1] for each in (await plane.client.list(Namespace)).items]

    await soon(has_gone)
    assert list(boats.server.boats) == ["b"]
