"""Whom a server sees behind a Service: its client, unless the answer would not find the way back to it."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import attrs
import pytest

from sampan.core.contracts.proxy import Endpoint, ServicePort
from sampan.core.host import nft
from sampan.core.host.netlink import add_local_route
from sampan.core.testing.rooms import GATEWAY, Network, Room, network
from sampan.plugins.proxies.nftables.available import unavailable
from sampan.plugins.proxies.nftables.rules import base, difference, pieces
from tests.support.needs import needs

pytestmark = [
    pytest.mark.root,
    needs(unavailable() is None, str(unavailable())),
]

POD, OTHER = "10.1.0.1", "10.1.0.2"
SERVICES, HOST = "10.253.253.0/24", "10.253.253.254"
HERE = ServicePort(
    namespace="default", name="web", port_name="", protocol="TCP", ip="10.253.253.10", port=80,
    endpoints=(Endpoint(ip=POD, port=8080, node="here", here=True),),
)  # fmt: skip
FAR = attrs.evolve(HERE, ip="10.253.253.11", endpoints=(Endpoint(ip=POD, port=8081, node="elsewhere"),))
ELSEWHERE = attrs.evolve(HERE, ip="10.253.253.12", endpoints=(Endpoint(ip=OTHER, port=8081, node="elsewhere"),))


def led(*services: ServicePort) -> str:
    return base("t", SERVICES, masquerade_all=False) + difference("t", {}, pieces(services))


def own_services() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    add_local_route(SERVICES, HOST)


@pytest.fixture(scope="module")
def world() -> Iterator[Network]:
    """Two pods whose servers tell their clients who they are, around the host of the Services."""
    with network(POD, OTHER) as made:
        made.router.call(own_services)
        servers = [
            place.call(partial(socket.create_server, (address, port)))
            for address, place in made.places.items()
            for port in (8080, 8081)
        ]
        threads = [threading.Thread(target=tell, args=[server], daemon=True) for server in servers]
        for thread in threads:
            thread.start()
        yield made
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            server.close()


def tell(server: socket.socket) -> None:
    while True:
        try:
            client, (address, _) = server.accept()
        except OSError:  # the test has ended
            return
        with client:
            client.sendall(address.encode())


def seen(room: Room, service: ServicePort) -> str:
    """As whom a program of the room is seen by the Service's server."""
    with closing(room.call(partial(socket.create_connection, (service.ip, service.port), timeout=30))) as asked:
        return asked.recv(100).decode()


def test_the_host_has_one_address_for_the_pods_that_are_here(world: Network) -> None:
    world.router.call(lambda: nft.run(led(HERE)))
    assert seen(world.router, HERE) == HOST


def test_the_host_is_seen_by_its_links_address_where_answers_would_not_find_it(world: Network) -> None:
    world.router.call(lambda: nft.run(led(FAR)))
    assert seen(world.router, FAR) == GATEWAY


def test_a_pod_is_seen_by_its_own_address_wherever_the_server_is(world: Network) -> None:
    world.router.call(lambda: nft.run(led(HERE, ELSEWHERE)))
    assert seen(world.places[OTHER], HERE) == OTHER
    assert seen(world.places[POD], ELSEWHERE) == POD


def test_a_pod_that_is_led_to_itself_sees_the_host(world: Network) -> None:
    world.router.call(lambda: nft.run(led(HERE)))
    assert seen(world.places[POD], HERE) == GATEWAY


def test_an_open_connection_outlives_the_last_endpoint_and_new_ones_are_refused(world: Network) -> None:
    world.router.call(lambda: nft.run(led(HERE)))
    connect = partial(socket.create_connection, (HERE.ip, HERE.port), timeout=30)
    for room in (world.router, world.places[OTHER]):
        world.router.call(lambda: nft.run(led(HERE)))
        with closing(room.call(connect)) as open_one:
            world.router.call(lambda: nft.run(led(attrs.evolve(HERE, endpoints=()))))
            with pytest.raises(ConnectionRefusedError):
                room.call(connect)
            assert open_one.recv(100)
