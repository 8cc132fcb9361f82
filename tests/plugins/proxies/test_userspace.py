"""The userspace proxy: the contract, and what is its own."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from sampan.core.contracts.proxy import Endpoint, Proxy, ProxySettings
from sampan.core.host import netlink, ranges
from sampan.core.host.capabilities import has_ipv6, is_network_admin
from sampan.core.testing.proxy_contract import ProxyContract, ask_tcp, backend
from sampan.plugins.balancers.least_connections import LeastConnections
from sampan.plugins.balancers.round_robin import RoundRobin
from sampan.plugins.proxies.userspace.candidates import Candidates
from sampan.plugins.proxies.userspace.proxy import UserspaceProxy
from sampan.plugins.proxies.userspace.seats import Seats
from tests.support.needs import needs
from tests.support.wait import eventually

ONE, TWO, THREE = (Endpoint(ip=f"10.0.0.{last}", port=80) for last in (1, 2, 3))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def send_and_close(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    connection.close()


def received(connection: socket.socket) -> bytes:
    """All until the other side is done."""
    data = bytearray()
    while piece := connection.recv(65536):
        data += piece
    return bytes(data)


def settings(tmp_path: Path, cidr: str) -> ProxySettings:
    return ProxySettings(cluster="test", state_dir=tmp_path, service_cidr=cidr, pod_cidr="")


class TestWithoutRoot(ProxyContract):
    """Service addresses in 127.0.0.0/8, as an ordinary user has them."""

    @pytest.fixture
    def proxy(self, tmp_path: Path) -> Iterator[Proxy]:
        proxy = UserspaceProxy(settings(tmp_path, "127.96.0.0/16"))
        proxy.start()
        yield proxy
        proxy.close()


@pytest.mark.root
@needs(is_network_admin(), "changing routes needs root")
@needs(has_ipv6(), "the host has no IPv6")
class TestOfIPv6(ProxyContract):
    """Service addresses that no link has, where a route leads here."""

    ip = "fd00:10:252::10"

    @pytest.fixture
    def proxy(self, tmp_path: Path) -> Iterator[Proxy]:
        proxy = UserspaceProxy(settings(tmp_path, "10.252.252.0/24,fd00:10:252::/112"))
        proxy.start()
        yield proxy
        proxy.destroy()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[UserspaceProxy]:
    proxy = UserspaceProxy(settings(tmp_path, "127.96.0.0/16"))
    proxy.start()
    yield proxy
    proxy.close()


def test_connections_that_end_in_order_leave_nothing_open(proxy: UserspaceProxy) -> None:
    with backend() as endpoint:
        service = ProxyContract().service(endpoint)
        proxy.sync([service])
        before = open_files()
        for _ in range(20):
            assert ask_tcp(service.ip, service.port) == b"%d:hello" % endpoint.port
        eventually(lambda: open_files() <= before, f"no more than {before} open files")


def test_clients_beyond_the_proxys_share_are_let_go_and_room_is_made_again(
    proxy: UserspaceProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many connect, the API keeps its half of the open files."""
    monkeypatch.setattr(proxy, "_seats", Seats(3, each=3))
    with backend() as endpoint, contextlib.ExitStack() as connected:
        service = ProxyContract().service(endpoint)
        proxy.sync([service])
        clients = []
        for _ in range(3):
            client = connected.enter_context(socket.create_connection((service.ip, service.port), timeout=5))
            client.sendall(b"x")
            assert client.recv(100)
            clients.append(client)
        assert not ask_or_none(service.ip, service.port)
        clients[0].close()
        eventually(lambda: ask_or_none(service.ip, service.port), "a seat for another client")


def test_a_client_that_takes_all_it_can_leaves_others_half(
    proxy: UserspaceProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy, "_seats", Seats(4))
    with backend() as endpoint, contextlib.ExitStack() as connected:
        service = ProxyContract().service(endpoint)
        proxy.sync([service])

        def is_served(client: str) -> bool:
            source = (client, 0)
            made = connected.enter_context(
                socket.create_connection((service.ip, service.port), timeout=30, source_address=source)
            )
            try:
                made.sendall(b"x")
                return bool(made.recv(100))
            except OSError:
                return False

        greedy = [is_served("127.0.0.3") for _ in range(4)]
        assert greedy == [True, True, False, False]
        assert [is_served("127.0.0.4") for _ in range(3)] == [True, True, False]


def ask_or_none(ip: str, port: int) -> bytes | None:
    try:
        return ask_tcp(ip, port)
    except OSError:
        return None


def test_a_side_that_is_done_still_hears_the_other(proxy: UserspaceProxy) -> None:
    """Whichever is done first; and what is underway when both are arrives whole."""
    data = bytes(range(256)) * 4096
    with socket.create_server(("127.0.0.1", 0)) as server:
        service = ProxyContract().service(Endpoint(ip="127.0.0.1", port=server.getsockname()[1]))
        proxy.sync([service])
        for client_is_first in (True, False):
            with (
                socket.create_connection((service.ip, service.port), timeout=5) as client,
                server.accept()[0] as behind,
            ):
                behind.settimeout(5)
                first, second = (client, behind) if client_is_first else (behind, client)
                first.shutdown(socket.SHUT_WR)
                assert second.recv(1) == b""
                sender = threading.Thread(target=send_and_close, args=(second, data))
                sender.start()
                assert received(first) == data
                sender.join()


@pytest.mark.root
def test_a_routed_range_is_the_hosts_own_until_destroyed(tmp_path: Path) -> None:
    if not is_network_admin():
        pytest.skip("changing routes needs root")
    cidr = ranges.free_network(tuple(f"10.{second}.0.0/16" for second in range(200, 220)))
    proxy = UserspaceProxy(settings(tmp_path, cidr))
    address = cidr.replace(".0.0/16", ".7.7")
    try:
        proxy.start()
        proxy.start()
        with backend() as endpoint:
            service = ProxyContract().service(endpoint, ip=address)
            assert proxy.sync([service]).failures == ()
            assert ask_tcp(address, service.port, b"x") == b"%d:x" % endpoint.port
    finally:
        proxy.destroy()
    assert cidr not in {str(route.network) for route in netlink.routes()}
    proxy.destroy()


def candidates_of(*endpoints: Endpoint, affinity_seconds: int = 0) -> Candidates:
    found = Candidates(RoundRobin())
    found.update(endpoints, affinity_seconds)
    return found


def test_every_endpoint_is_tried_once_beginning_with_the_next() -> None:
    found = candidates_of(ONE, TWO, THREE)
    assert list(found.candidates("client", 0)) == [ONE, TWO, THREE]
    assert list(found.candidates("client", 0)) == [TWO, THREE, ONE]


def test_endpoints_may_leave_while_they_are_tried() -> None:
    found = candidates_of(ONE, TWO, THREE)
    tried = found.candidates("client", 0)
    assert next(tried) == ONE
    found.update([THREE])
    assert list(tried) == [TWO, THREE]


def test_affinity_ends_after_its_time() -> None:
    found = candidates_of(ONE, TWO, affinity_seconds=10)
    found.served("client", TWO, now=0)
    assert next(found.candidates("client", 10)) == TWO
    found.served("client", TWO, now=0)
    assert next(found.candidates("client", 10.1)) == ONE


def test_affinity_to_an_endpoint_that_left_is_forgotten() -> None:
    found = candidates_of(ONE, TWO, affinity_seconds=10)
    found.served("client", TWO, now=0)
    found.update([ONE, THREE], 10)
    assert list(found.candidates("client", 1)) == [ONE, THREE]


def test_no_endpoint_is_no_candidate() -> None:
    assert list(candidates_of().candidates("client", 0)) == []


def test_the_balancer_is_told_of_connections_until_they_end(tmp_path: Path) -> None:
    """With one client kept at one endpoint, the others go to the other one; until it leaves."""
    chosen = attrs.evolve(settings(tmp_path, "127.96.0.0/16"), balancer=LeastConnections)
    proxy = UserspaceProxy(chosen)
    contract = ProxyContract()
    proxy.start()
    try:
        with backend() as one, backend() as two:
            service = contract.service(one, two)
            proxy.sync([service])
            with socket.create_connection((service.ip, service.port), timeout=5) as kept:
                kept.sendall(b"x")
                busy = kept.recv(100).partition(b":")[0]
                free = ({b"%d" % one.port, b"%d" % two.port} - {busy}).pop()
                assert contract.asked(1) == [free]
                # Its end is seen a moment after the answer.
                eventually(lambda: contract.asked(1) == [free])
            eventually(lambda: busy in contract.asked(1))
    finally:
        proxy.close()
