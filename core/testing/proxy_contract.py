"""The suite that every service proxy runs: subclass `ProxyContract` and give it a proxy.

>>> class TestMine(ProxyContract):
...     @pytest.fixture
...     def proxy(self, tmp_path): ...
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import pytest

from sampan.core.contracts.proxy import ChangingProxy, Endpoint, Proxy, ServicePort
from sampan.core.ip import IPV4, IPV6, Family, family_of
from sampan.core.node.machine.facts import own_address
from sampan.core.services.sockets import stream_socket


class _Named(socketserver.BaseRequestHandler):
    """Answers everything with the server's name and what was sent."""

    def handle(self) -> None:
        if isinstance(self.request, tuple):
            data, reply = self.request
            reply.sendto(self._answer(data), self.client_address)
            return
        while data := self.request.recv(65536):
            self.request.sendall(self._answer(data))

    def _answer(self, data: bytes) -> bytes:
        return b"%d:" % port_of(self.server) + data


def port_of(server: socketserver.BaseServer) -> int:
    address = server.server_address
    assert isinstance(address, tuple)
    return int(address[1])


@contextmanager
def backend(
    kind: type[socketserver.BaseServer] = socketserver.ThreadingTCPServer, family: Family = IPV4
) -> Iterator[Endpoint]:
    """A server on a free port of loopback that tells its port."""
    of_family = type(kind.__name__, (kind,), {"address_family": family.sockets})
    with of_family((family.loopback, 0), _Named) as server:
        if isinstance(server, socketserver.ThreadingMixIn):
            server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Endpoint(ip=family.loopback, port=port_of(server))
        finally:
            server.shutdown()
            thread.join()


def ask_tcp(ip: str, port: int, data: bytes = b"hello", timeout: float = 5, source: str = "") -> bytes:
    """One question over a connection of its own, from an address that the kernel chooses, or from ``source``."""
    origin = (source, 0) if source else None
    with socket.create_connection((ip, port), timeout=timeout, source_address=origin) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def ask_udp(ip: str, port: int, data: bytes = b"ping") -> bytes:
    """One datagram there, and the answer."""
    with socket.socket(family_of(ip).sockets, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((ip, port))
        client.send(data)
        return client.recv(100)


def own_addresses(family: Family = IPV4) -> list[str]:
    """Of this host: the loopback one, and the one by which others reach it, where it has one."""
    found = dict.fromkeys((family.loopback, own_address(family)))
    return [each for each in found if each]


class ProxyContract:
    """Every promise of `sampan.core.contracts.proxy.Proxy`."""

    ip = "127.96.0.10"
    port = 8080
    node_port = 31999
    in_kernel = False
    """The kernel carries the traffic: it passes over no endpoint that refuses, is in nobody's way, and goes on alone."""

    transports: Sequence[str] = ("TCP", "UDP")
    """What it carries."""

    @property
    def family(self) -> Family:
        return family_of(self.ip)

    @property
    def nobody(self) -> str:
        """A range without clients."""
        return {IPV4: "192.0.2.0/24", IPV6: "2001:db8::/32"}[self.family]

    def backend(
        self, kind: type[socketserver.BaseServer] = socketserver.ThreadingTCPServer
    ) -> AbstractContextManager[Endpoint]:
        return backend(kind, self.family)

    def _needs(self, transport: str) -> None:
        if transport not in self.transports:
            pytest.skip(f"it does not carry {transport}")

    def _not_in_kernel(self) -> None:
        if self.in_kernel:
            pytest.skip("the kernel carries the traffic")

    @pytest.fixture
    def proxy(self) -> Proxy:
        raise NotImplementedError("give this suite a started proxy, closed afterwards")

    def service(self, *endpoints: Endpoint, **changes: object) -> ServicePort:
        values: dict[str, object] = {
            "namespace": "default", "name": "web", "port_name": "", "protocol": "TCP", "ip": self.ip, "port": self.port,
            "endpoints": endpoints,
        }  # fmt: skip
        return ServicePort(**{**values, **changes})  # type: ignore[arg-type]

    def asked(self, count: int) -> list[bytes]:
        """Who answered each of ``count`` questions."""
        return [ask_tcp(self.ip, self.port).partition(b":")[0] for _ in range(count)]

    def meets(self, endpoints: set[bytes]) -> None:
        """All of ``endpoints`` answer within 60 questions: chance may lead some of those to the same one."""
        met: set[bytes] = set()
        for _ in range(60):
            met.update(self.asked(1))
            if met == endpoints:
                return
        assert met == endpoints

    def test_a_service_address_reaches_its_endpoint(self, proxy: Proxy) -> None:
        with self.backend() as endpoint:
            report = proxy.sync([self.service(endpoint)])
            assert report.failures == ()
            assert ask_tcp(self.ip, self.port, b"hello") == b"%d:hello" % endpoint.port

    def test_connections_are_spread_evenly_over_endpoints(self, proxy: Proxy) -> None:
        with self.backend() as one, self.backend() as two, self.backend() as three:
            proxy.sync([self.service(one, two, three)])
            answers = self.asked(90 if self.in_kernel else 9)
            counts = [answers.count(str(each.port).encode()) for each in (one, two, three)]
            assert min(counts) >= 10 if self.in_kernel else set(counts) == {3}, "the kernel takes them by chance"

    def test_an_endpoint_that_refuses_costs_no_request(self, proxy: Proxy) -> None:
        self._not_in_kernel()
        with self.backend() as gone:
            pass
        with self.backend() as here:
            proxy.sync([self.service(gone, here)])
            assert self.asked(6) == [str(here.port).encode()] * 6

    def test_a_sync_follows_the_endpoints(self, proxy: Proxy) -> None:
        with self.backend() as one, self.backend() as two:
            proxy.sync([self.service(one)])
            proxy.sync([self.service(two)])
            assert self.asked(4) == [str(two.port).encode()] * 4

    def test_a_change_costs_no_more_than_what_it_is_about(self, proxy: Proxy) -> None:
        if not isinstance(proxy, ChangingProxy):
            pytest.skip("it takes the whole table only")
        with self.backend() as one, self.backend() as two:
            other = self.service(one, name="other", port=self.port + 1)
            proxy.sync([self.service(one), other])
            assert proxy.change([self.service(two)], [other]).failures == ()
            assert self.asked(3) == [str(two.port).encode()] * 3
            with pytest.raises(ConnectionRefusedError):
                ask_tcp(self.ip, self.port + 1)
            assert proxy.change([other], [self.service(two)]).failures == ()
            assert ask_tcp(self.ip, self.port + 1) == b"%d:hello" % one.port
            with pytest.raises(ConnectionRefusedError):
                self.asked(1)
            proxy.sync([self.service(one)])
            assert self.asked(1) == [str(one.port).encode()]

    def test_an_open_connection_outlives_changes_of_endpoints(self, proxy: Proxy) -> None:
        with self.backend() as one, self.backend() as two:
            proxy.sync([self.service(one)])
            with socket.create_connection((self.ip, self.port), timeout=5) as connection:
                connection.sendall(b"a")
                assert connection.recv(100) == b"%d:a" % one.port
                proxy.sync([self.service(two)])
                connection.sendall(b"b")
                assert connection.recv(100) == b"%d:b" % one.port

    def test_a_service_without_endpoints_refuses_and_serves_again_later(self, proxy: Proxy) -> None:
        with self.backend() as endpoint:
            proxy.sync([self.service(endpoint)])
            proxy.sync([self.service()])
            with pytest.raises(ConnectionRefusedError):
                ask_tcp(self.ip, self.port)
            proxy.sync([self.service(endpoint)])
            assert self.asked(1) == [str(endpoint.port).encode()]

    def test_a_service_that_never_had_endpoints_refuses_at_once(self, proxy: Proxy) -> None:
        proxy.sync([self.service(), self.service(ip=self.family.any_address, port=self.node_port)])
        for ip, port in [(self.ip, self.port), *((own, self.node_port) for own in own_addresses(self.family))]:
            with pytest.raises(ConnectionRefusedError):
                ask_tcp(ip, port)

    def test_without_endpoints_datagrams_are_refused_too(self, proxy: Proxy) -> None:
        self._needs("UDP")
        proxy.sync([self.service(protocol="UDP")])
        with pytest.raises(
            (ConnectionRefusedError, PermissionError)
        ):  # the kernel stops its own programs' on their way
            ask_udp(self.ip, self.port)

    def test_a_node_port_is_on_every_address_of_the_host(self, proxy: Proxy) -> None:
        with self.backend() as endpoint:
            report = proxy.sync([self.service(endpoint, ip=self.family.any_address, port=self.node_port)])
            assert report.failures == ()
            for own in own_addresses(self.family):
                assert ask_tcp(own, self.node_port) == b"%d:hello" % endpoint.port
            proxy.sync([])
            for own in own_addresses(self.family):
                with pytest.raises(ConnectionRefusedError):
                    ask_tcp(own, self.node_port)

    def test_each_address_of_a_service_has_endpoints_of_its_own(self, proxy: Proxy) -> None:
        """With ``Local`` traffic policies those for the inside and for the outside differ."""
        with self.backend() as here, self.backend() as there:
            proxy.sync([self.service(here), self.service(there, ip=self.family.any_address, port=self.node_port)])
            assert self.asked(4) == [str(here.port).encode()] * 4
            outside = {ask_tcp(own, self.node_port) for own in own_addresses(self.family)}
            assert outside == {b"%d:hello" % there.port}

    def test_an_endpoint_may_be_led_to_itself(self, proxy: Proxy) -> None:
        with self.backend() as endpoint:
            proxy.sync([self.service(endpoint)])
            assert ask_tcp(self.ip, self.port, source=endpoint.ip) == b"%d:hello" % endpoint.port

    def test_what_is_no_longer_desired_refuses(self, proxy: Proxy) -> None:
        with self.backend() as endpoint:
            proxy.sync([self.service(endpoint)])
            proxy.sync([])
            with pytest.raises(ConnectionRefusedError):
                ask_tcp(self.ip, self.port)

    def test_affinity_can_be_switched_on_and_off(self, proxy: Proxy) -> None:
        with self.backend() as one, self.backend() as two:
            both = {b"%d" % one.port, b"%d" % two.port}
            for seconds in (0, 100, 0):
                proxy.sync([self.service(one, two, affinity_seconds=seconds)])
                if seconds:
                    assert len(set(self.asked(6))) == 1
                else:
                    self.meets(both)

    def test_clients_from_elsewhere_are_not_served(self, proxy: Proxy) -> None:
        with self.backend() as endpoint:
            proxy.sync([self.service(endpoint, sources=(self.nobody,))])
            try:
                answer = ask_tcp(self.ip, self.port, timeout=0.5)
            except OSError:
                answer = b""
            assert answer == b"", "refused, dropped, or closed without a word"
            proxy.sync([self.service(endpoint, sources=(self.nobody, f"{self.family.any_address}/0"))])
            assert self.asked(1) == [str(endpoint.port).encode()]

    def test_a_client_keeps_to_its_endpoint_with_affinity(self, proxy: Proxy) -> None:
        with self.backend() as one, self.backend() as two:
            proxy.sync([self.service(one, two, affinity_seconds=100)])
            assert len(set(self.asked(6))) == 1

    def test_a_client_that_was_silent_for_the_time_out_is_anybodys(self, proxy: Proxy) -> None:
        silence = threading.Event()
        with self.backend() as one, self.backend() as two:
            proxy.sync([self.service(one, two, affinity_seconds=1)])
            first = self.asked(1)
            for _ in range(30):  # where another is taken by chance, it may be the same one for a while
                silence.wait(1.2)
                if self.asked(1) != first:
                    return
        pytest.fail("it kept to its endpoint")

    def test_a_megabyte_passes_whole_in_both_directions(self, proxy: Proxy) -> None:
        with self.backend() as endpoint:
            proxy.sync([self.service(endpoint)])
            data = bytes(range(256)) * 4096
            answer = ask_tcp_while_sending(self.ip, self.port, data)
            assert answer.replace(b"%d:" % endpoint.port, b"") == data

    def test_udp_is_carried_too(self, proxy: Proxy) -> None:
        self._needs("UDP")
        with self.backend(socketserver.ThreadingUDPServer) as endpoint:
            proxy.sync([self.service(endpoint, protocol="UDP")])
            assert ask_udp(self.ip, self.port) == b"%d:ping" % endpoint.port

    def test_a_udp_client_is_served_by_another_endpoint_once_its_own_has_left(self, proxy: Proxy) -> None:
        self._needs("UDP")
        kind = socketserver.ThreadingUDPServer
        with (
            self.backend(kind) as one,
            self.backend(kind) as two,
            socket.socket(self.family.sockets, socket.SOCK_DGRAM) as client,
        ):
            client.settimeout(5)
            for endpoints in ((one,), (one, two), (two,), (), (one,)):
                proxy.sync([self.service(*endpoints, protocol="UDP")])
                if endpoints:
                    client.sendto(b"ping", (self.ip, self.port))
                    assert client.recv(100) == b"%d:ping" % endpoints[0].port

    def test_what_cannot_be_served_is_reported_with_its_reason(self, proxy: Proxy) -> None:
        self._not_in_kernel()
        with stream_socket(self.ip, self.port, unheld=True) as program, self.backend() as endpoint:
            program.listen()
            service = self.service(endpoint)
            assert [failed for failed, why in proxy.sync([service]).failures if str(self.port) in why] == [service]
        with self.backend() as endpoint:
            service = self.service(endpoint)
            assert proxy.sync([service]).failures == (), "the next sync tries again"
            assert self.asked(1) == [str(endpoint.port).encode()]

    def test_a_proxy_that_is_closed_serves_nothing(self, proxy: Proxy) -> None:
        with self.backend() as endpoint:
            proxy.sync([self.service(endpoint)])
            proxy.close()
            if self.in_kernel:
                assert self.asked(1) == [str(endpoint.port).encode()]
                return
            with pytest.raises(ConnectionRefusedError):
                ask_tcp(self.ip, self.port)


def ask_tcp_while_sending(ip: str, port: int, data: bytes) -> bytes:
    """Send and receive at once, as a large exchange needs."""
    answer = bytearray()
    with socket.create_connection((ip, port), timeout=20) as connection:

        def send() -> None:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        while piece := connection.recv(65536):
            answer += piece
        sender.join()
    return bytes(answer)
