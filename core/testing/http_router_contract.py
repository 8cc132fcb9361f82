"""The suite that every HTTP router runs: subclass `HttpRouterContract` and give it a router.

>>> class TestMine(HttpRouterContract):
...     @pytest.fixture(scope="class")
...     @classmethod
...     def router(cls, tmp_path_factory): ...

One router is started for the whole suite and given other routes by each test, as it is by a cluster.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509

from sampan.core.api.pki import make_authority
from sampan.core.classes import define
from sampan.core.contracts.http_router import Backend, Certificate, HttpRouter, Route, RouteTable
from sampan.core.errors import SampanError
from sampan.core.testing.proxy_contract import own_addresses

AUTHORITY = make_authority("router-contract", datetime.now(UTC))
PATIENCE = 10.0
LOADS = 10


class _Answers(BaseHTTPRequestHandler):
    """Answers with its name, the host and the path that were asked for; upgrades to an echo; waits where told to."""

    protocol_version = "HTTP/1.1"
    server: Pod

    def do_GET(self) -> None:
        if self.headers.get("Upgrade"):
            self._echo()
            return
        if self.path == "/slow":
            self.server.asked.set()
            self.server.go_on.wait(PATIENCE)
        said = f"{self.server.name} {self.headers['Host']} {self.path} {self.headers.get('X-Forwarded-For')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def _echo(self) -> None:
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "echo")
        self.end_headers()
        while said := self.connection.recv(1024):
            self.connection.sendall(said)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


class Pod(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.name = name
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def backend(self, *others: str, sticky: bool = False) -> Backend:
        return Backend(name=self.name, endpoints=(f"127.0.0.1:{self.server_address[1]}", *others), sticky=sticky)


@contextmanager
def pods(*names: str) -> Iterator[Sequence[Pod]]:
    servers = [Pod(name) for name in names]
    threads = [threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.01}) for each in servers]
    for thread in threads:
        thread.start()
    try:
        yield servers
    finally:
        for each, thread in zip(servers, threads, strict=True):
            each.go_on.set()
            each.shutdown()
            each.server_close()
            thread.join()


def certificate(host: str, *names: str) -> Certificate:
    pem, key = AUTHORITY.issue("router", datetime.now(UTC), hosts=names or (host,))
    return Certificate(host=host, certificate_pem=pem, key_pem=key)


OWN = certificate("", "localhost")


@define
class Ways:
    """A router that answers, and how to ask it."""

    router: HttpRouter
    port: int
    tls_port: int

    def load(self, *routes: Route, certificates: Sequence[Certificate] = ()) -> None:
        self.router.load(RouteTable(routes=routes, certificates=(OWN, *certificates)))

    def get(self, host: str, path: str, **headers: str) -> tuple[int, str]:
        """Status and body, over a connection of its own, with the path just as it is given."""
        with self.connect() as connection:
            return exchange(connection, host, path, **headers)

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE, source_address=(source, 0))

    def over_tls(self, host: str | None, path: str = "/", trusted: str = AUTHORITY.pem) -> tuple[int, str, str]:
        """Status, body, and the names of the certificate that was shown."""
        context = ssl.create_default_context(cadata=trusted)
        with context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.tls_port), timeout=PATIENCE),
            server_hostname=host or "localhost",
        ) as connection:
            shown = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")
            names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            return *exchange(connection, host or "localhost", path), " ".join(names.get_values_for_type(x509.DNSName))


def exchange(connection: socket.socket, host: str, path: str, **headers: str) -> tuple[int, str]:
    talk = http.client.HTTPConnection("127.0.0.1")
    talk.sock = connection
    talk.putrequest("GET", path, skip_host=True)
    for name, value in {"Host": host, **headers}.items():
        talk.putheader(name.replace("_", "-"), value)
    talk.endheaders()
    answer = talk.getresponse()
    return answer.status, answer.read().decode()


class HttpRouterContract:
    @pytest.fixture(scope="class")
    @classmethod
    def router(cls) -> Iterator[HttpRouter]:
        raise NotImplementedError("override this fixture")

    @pytest.fixture(scope="class")
    @classmethod
    def ways(cls, router: HttpRouter) -> Iterator[Ways]:
        with socket.create_server(("127.0.0.1", 0)) as plain, socket.create_server(("127.0.0.1", 0)) as encrypted:
            router.start([plain], [encrypted], RouteTable(certificates=(OWN,)))
            try:
                yield Ways(router, plain.getsockname()[1], encrypted.getsockname()[1])
            finally:
                router.close()
                router.close()
                router.destroy()

    def test_a_request_gets_to_its_backend_as_it_was_sent(self, ways: Ways) -> None:
        with pods("a") as (a,):
            ways.load(Route(host="a.example", path="/x", backend=a.backend()))
            status, said = ways.get("A.example:8080", "/x/%41/..//z?q=1", X_Forwarded_For="192.0.2.9")
        assert (status, said) == (200, "a A.example:8080 /x/%41/..//z?q=1 127.0.0.1")

    def test_where_no_route_leads_and_where_nobody_is(self, ways: Ways) -> None:
        ways.load(Route(host="a.example", backend=Backend(name="nobody")))
        assert ways.get("a.example", "/")[0] == 503
        assert ways.get("b.example", "/")[0] == 404

    def test_requests_are_spread_unless_the_backend_is_sticky(self, ways: Ways) -> None:
        with pods("a", "b") as (a, b):
            both = b.backend().endpoints
            ways.load(Route(path="/spread", backend=a.backend(*both)), Route(backend=a.backend(*both, sticky=True)))
            spread = {ways.get("x", "/spread")[1].split()[0] for _ in range(10)}
            sticky = {ways.get("x", "/sticky")[1].split()[0] for _ in range(10)}
        assert spread == {"a", "b"}
        assert len(sticky) == 1

    def test_an_endpoint_that_is_gone_is_passed_over(self, ways: Ways) -> None:
        with socket.socket() as gone, pods("a") as (a,):
            gone.bind(("127.0.0.1", 0))  # and nobody listens
            ways.load(Route(backend=a.backend(f"127.0.0.1:{gone.getsockname()[1]}")))
            assert {ways.get("x", "/")[0] for _ in range(4)} == {200}

    def test_a_local_route_is_for_this_machine_alone(self, ways: Ways) -> None:
        with pods("a", "b") as (a, b):
            ways.load(
                Route(host="x", local=True, backend=a.backend()),
                Route(host="y", local=True, backend=a.backend()),
                Route(host="x", backend=b.backend()),
            )
            answers = {}
            for source in own_addresses():  # the second one is what others reach this machine by
                for host in ("x", "y"):
                    with ways.connect(source) as connection:
                        status, said = exchange(connection, host, "/")
                        answers[source.startswith("127."), host] = said.split()[0] if status == 200 else status
        assert answers.items() >= {(True, "x"): "a", (True, "y"): "a"}.items()
        assert answers.get((False, "x"), "b") == "b"
        assert answers.get((False, "y"), 404) == 404

    def test_each_host_has_its_certificate(self, ways: Ways) -> None:
        with pods("a") as (a,):
            ways.load(
                Route(backend=a.backend()),
                certificates=[certificate("a.example"), certificate("*.a.example"), certificate("b.a.example")],
            )
            shown = [ways.over_tls(host)[2] for host in ("a.example", "x.a.example", "b.a.example", None)]
            status, said, _ = ways.over_tls("a.example", "/path")
        assert shown == ["a.example", "*.a.example", "b.a.example", "localhost"]
        assert (status, said.split()[:3]) == (200, ["a", "a.example", "/path"])

    def test_a_table_that_cannot_be_changes_nothing(self, ways: Ways) -> None:
        with pods("a") as (a,):
            ways.load(Route(backend=a.backend()))
            broken = Certificate(host="b.example", certificate_pem="no", key_pem="no")
            with pytest.raises(SampanError):
                ways.load(certificates=[broken])
            assert ways.get("x", "/")[0] == 200

    def test_no_request_is_lost_while_tables_change(self, ways: Ways) -> None:
        with pods("a", "b") as (a, b), ThreadPoolExecutor(3) as pool:
            ways.load(Route(backend=a.backend()))
            slow = pool.submit(ways.get, "x", "/slow")
            assert a.asked.wait(PATIENCE)
            enough = threading.Event()
            asking = [pool.submit(_ask_until, ways, enough) for _ in range(2)]
            try:
                for number in range(LOADS):
                    ways.load(Route(backend=(a, b)[number % 2].backend()))
            finally:
                enough.set()
                a.go_on.set()
            assert slow.result()[1].startswith("a "), "one under way is answered as it would have been"
            answered = [each for asker in asking for each in asker.result()]
        assert answered
        assert set(answered) == {200}

    def test_a_connection_that_was_upgraded_outlives_the_table(self, ways: Ways) -> None:
        with pods("a", "b") as (a, b), ExitStack() as later:
            ways.load(Route(backend=a.backend()))
            connection = later.enter_context(ways.connect())
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
            head = b""
            while not head.endswith(b"\r\n\r\n") and (more := connection.recv(1)):
                head += more
            assert head.startswith(b"HTTP/1.1 101 "), head
            ways.load(Route(backend=b.backend()))
            connection.sendall(b"still")
            assert connection.recv(100) == b"still"


def _ask_until(ways: Ways, enough: threading.Event) -> list[int]:
    """What a client gets that asks all the time."""
    found = []
    while not enough.is_set():
        found.append(ways.get("x", "/")[0])
    return found
