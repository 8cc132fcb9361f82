"""The API server as a way to pods, services and nodes: where it leads, what gets through, and what does not."""

from __future__ import annotations

import gzip
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sampan.core.api.proxy.links import Links
from sampan.core.api.proxy.location import Location, Named, parse_name, pod_location, service_location
from sampan.core.api.server import ApiServer
from sampan.core.errors import BadRequest, ServiceUnavailable
from sampan.core.node.machine.facts import own_address
from tests.support.asgi import AsgiClient, Exchange
from tests.support.node import PODS, FakeNode

pytestmark = pytest.mark.anyio

SERVICES = "/api/v1/namespaces/default/services"
PAGE = (
    b'<a class="x" href="/there?a=1">x</a><img src=\'/i.png\'><a href="near">y</a><a href="https://else.where/z">z</a>'
)


class Server(http.server.BaseHTTPRequestHandler):
    """Says what it was asked, redirects, serves a page with links."""

    def do_GET(self) -> None:
        if self.path == "/page":
            self.answer(PAGE, "text/html")
        elif self.path == "/packed":
            self.answer(gzip.compress(PAGE), "text/html", "gzip")
        elif self.path == "/packed-much":
            self.answer(gzip.compress(bytes(64 << 20)), "text/html", "gzip")
        elif self.path == "/packed-badly":
            self.answer(b"not packed", "text/html", "gzip")
        elif self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            secrets = [name for name in self.headers if name.lower() in ("authorization", "impersonate-user")]
            self.answer(f"{self.command} {self.path} {secrets} {self.headers['X-Forwarded-Host']}".encode())

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])).upper())

    def do_PATCH(self) -> None:
        """A body in chunks."""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        self.answer(body.upper())

    do_DELETE = do_HEAD = do_OPTIONS = do_PUT = do_GET

    def answer(self, body: bytes, kind: str = "text/plain", encoding: str = "") -> None:
        self.send_response(200)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
async def served(api: AsgiClient, node: FakeNode, port: int) -> str:
    """A pod and a service that lead to the server; the pod's path."""
    status = {"status": {"podIP": own_address(), "podIPs": [{"ip": own_address()}]}}
    assert (await api.patch(f"{PODS}/p/status", status)).code == 200
    ports = [{"name": "web", "port": 80}]
    assert (await api.post(SERVICES, {"metadata": {"name": "s"}, "spec": {"ports": ports}})).code == 201
    subset = {"addresses": [{"ip": own_address()}], "ports": [{"name": "web", "port": port}]}
    assert (
        await api.post("/api/v1/namespaces/default/endpoints", {"metadata": {"name": "s"}, "subsets": [subset]})
    ).code == 201
    return f"{PODS}/p:{port}/proxy"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_a_request_reaches_the_pod_without_what_proves_who_asks(
    api: AsgiClient, served: str, method: str
) -> None:
    answer = await api.request(method, f"{served}/a%20b/?q=%2F&x")
    assert answer.raw == f"{method} /a%20b/?q=%2F&x [] ".encode()


async def test_bodies_go_both_ways(api: AsgiClient, served: str) -> None:
    scope_headers = await api.request("POST", f"{served}/", b"ahoy", content_length=True)
    assert scope_headers.raw == b"AHOY"


@pytest.mark.parametrize("name", ["s:web", "s:80", "http:s:web"])
async def test_a_service_leads_to_one_of_its_endpoints(api: AsgiClient, served: str, name: str) -> None:
    assert (await api.get(f"{SERVICES}/{name}/proxy/x")).raw.startswith(b"GET /x ")


async def test_links_and_redirects_lead_back_through_the_proxy(api: AsgiClient, served: str) -> None:
    page = (await api.get(f"{served}/page")).raw.decode()
    assert f'<a class="x" href="{served}/there?a=1">' in page
    assert f"<img src='{served}/i.png'>" in page
    assert 'href="near"' in page
    assert 'href="https://else.where/z"' in page
    assert (await api.get(f"{served}/moved")).headers["location"] == f"{served}/elsewhere"


async def test_a_packed_page_is_unpacked_as_far_as_it_is_a_page(api: AsgiClient, served: str) -> None:
    assert (await api.get(f"{served}/packed")).raw == (await api.get(f"{served}/page")).raw
    for path in ("packed-much", "packed-badly"):
        assert (await api.get(f"{served}/{path}")).code == 503


async def test_a_body_in_chunks_reaches_the_pod(api: AsgiClient, served: str) -> None:
    exchange = Exchange(b"in pieces")
    scope = api.scope("PATCH", f"{served}/x")
    scope["headers"] = [each for each in scope["headers"] if each[0] != b"content-length"]
    scope["headers"].append((b"transfer-encoding", b"chunked"))
    await api.app(scope, exchange.receive, exchange.send)
    assert exchange.answer().raw == b"IN PIECES"


async def test_the_root_has_a_slash(api: AsgiClient, served: str) -> None:
    answer = await api.get(f"{served}?q=1")
    assert (answer.code, answer.headers["location"]) == (301, f"{served}/?q=1")


async def test_nobody_there_is_unavailable(api: AsgiClient, served: str) -> None:
    answer = await api.get(f"{PODS}/p:1/proxy/")
    assert (answer.code, answer.json["reason"]) == (503, "ServiceUnavailable")
    assert answer.json["message"].startswith("error trying to reach service: ")


async def test_strangers_reach_nothing(server: ApiServer, served: str) -> None:
    assert (await AsgiClient(server.app, token="").get(f"{served}/x")).code == 403


async def test_a_nodes_agent_has_pages(api: AsgiClient, node: FakeNode) -> None:
    assert (await api.post("/api/v1/nodes", {"metadata": {"name": "n"}})).code == 201
    for name in ("n", "n:10250"):
        answer = await api.get(f"/api/v1/nodes/{name}/proxy/stats/summary?only=x")
        assert answer.raw == b"GET /stats/summary {'only': 'x'}"
    assert (await api.get("/api/v1/nodes/n:22/proxy/")).code == 404


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a", Named("", "a")),
        ("a:80", Named("", "a", "80")),
        ("https:a:", Named("https", "a")),
        (":a:x", Named("", "a", "x")),
    ],
)
def test_names(text: str, named: Named) -> None:
    assert parse_name(text, "pod") == named


@pytest.mark.parametrize("text", ["ftp:a:80", "a:b:c:d"])
def test_names_that_are_none(text: str) -> None:
    with pytest.raises(BadRequest, match=f'invalid pod request "{text}"'):
        parse_name(text, "pod")


def some_pod(ip: str, *ports: int) -> dict[str, Any]:
    containers = [{"name": "a"}, {"name": "b", "ports": [{"containerPort": each} for each in ports]}]
    return {"spec": {"containers": containers}, "status": {"podIP": ip}}


@pytest.mark.parametrize(
    ("name", "ports", "scheme", "port"),
    [
        ("p", (), "http", 80),
        ("p", (8080, 1), "http", 8080),
        ("p:9", (8080,), "http", 9),
        ("https:p:", (), "https", 443),
    ],
)
def test_a_pods_port_is_the_one_named_or_its_first(name: str, ports: tuple[int, ...], scheme: str, port: int) -> None:
    found = pod_location(some_pod("10.1.2.3", *ports), parse_name(name, "pod"))
    assert found == Location(scheme=scheme, host="10.1.2.3", port=port)


@pytest.mark.parametrize("ip", ["127.0.0.1", "169.254.169.254", "::1", "fe80::1", "0.0.0.0", ""])
def test_nobody_is_led_to_this_machines_own_addresses(ip: str) -> None:
    with pytest.raises(BadRequest):
        pod_location(some_pod(ip), Named("", "p"))


def test_a_service_without_endpoints_is_unavailable() -> None:
    service = {"spec": {"ports": [{"name": "web", "port": 80}]}}
    for endpoints in (None, {}, {"subsets": [{"addresses": [], "ports": [{"name": "web", "port": 1}]}]}):
        with pytest.raises(ServiceUnavailable, match='no endpoints available for service "s"'):
            service_location(service, endpoints, Named("", "s", "web"))
    with pytest.raises(ServiceUnavailable, match='no service port 81 found for service "s"'):
        service_location(service, {}, Named("", "s", "81"))


LINKS = Links(scheme="https", authority="api:6443", prefix="/p/proxy", server="10.0.0.1:80")


@pytest.mark.parametrize(
    ("link", "changed"),
    [
        ("/", "/p/proxy/"),
        ("/a?b#c", "/p/proxy/a?b#c"),
        ("/p/proxy/a", "/p/proxy/a"),
        ("a/b", "a/b"),
        ("http://10.0.0.1:80/x", "https://api:6443/p/proxy/x"),
        ("http://other/x", "http://other/x"),
        ("#top", "#top"),
        ("http://[", "http://["),
    ],
)
def test_links(link: str, changed: str) -> None:
    assert LINKS.link(link) == changed
