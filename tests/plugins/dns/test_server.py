"""The name server over real sockets: what clients of every kind are answered, and what they cannot use up."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rrset
import pytest

from sampan.core.contracts.name_server import NameServerSettings, Record
from sampan.core.errors import ConfigError
from sampan.core.services.records import server_records, zone_records
from sampan.plugins.dns.server import EACH_CONNECTIONS, ClusterDns
from tests.support.wait import eventually

HERE = "127.0.0.1"
WEB = "web.default.svc.cluster.local"


def free_port() -> int:
    with socket.socket() as tcp:
        tcp.bind((HERE, 0))
        return int(tcp.getsockname()[1])


class World:
    """A name server of the outside that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[dns.message.Message], None] = lambda reply: None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((HERE, 0))
        self.port = int(self.socket.getsockname()[1])
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (HERE, self.port))
        self.thread.join()
        self.socket.close()

    def _serve(self) -> None:
        while True:
            data, client = self.socket.recvfrom(4096)
            if not data:
                return
            query = dns.message.from_wire(data)
            self.asked.append(query.question[0].name.to_text(omit_final_dot=True))
            reply = dns.message.make_response(query)
            self.answer(reply)
            self.socket.sendto(reply.to_wire(), client)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


@pytest.fixture
def server(world: World) -> Iterator[ClusterDns]:
    settings = NameServerSettings(
        state_dir=Path(), domain="cluster.local", reverse=("10.96.0.0/16",), upstream=("127.0.0.1",)
    )
    made = ClusterDns(settings, upstream_port=world.port)
    yield made
    made.close()


@pytest.fixture
def port(server: ClusterDns) -> int:
    number = free_port()
    # Its own address is never asked: on this machine the world has the same one.
    server.start("127.0.0.2", number)
    server.put("zone", zone_records())
    server.put("server", server_records("10.96.0.10"))
    server.put("default/web", [Record(WEB, "A", "10.96.0.7")])
    return number


def ask(port: int, name: str, type_: str = "A", *, tcp: bool = False, **options: object) -> dns.message.Message:
    query = dns.message.make_query(name, type_, **options)  # type: ignore[arg-type]
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, "127.0.0.2", timeout=5, port=port)


def said(reply: dns.message.Message) -> list[str]:
    return [item.to_text() for rrset in reply.answer for item in rrset]


@pytest.mark.parametrize("tcp", [False, True])
def test_a_name_of_the_cluster_is_answered_from_memory(port: int, world: World, tcp: bool) -> None:
    reply = ask(port, "Web.Default.svc.CLUSTER.local", tcp=tcp)
    assert said(reply) == ["10.96.0.7"]
    assert reply.flags & dns.flags.AA
    assert reply.question[0].name == dns.name.from_text("Web.Default.svc.CLUSTER.local")
    assert world.asked == []


def test_a_change_is_answered_at_once_and_a_no_is_not_kept(port: int, server: ClusterDns) -> None:
    new = "new.default.svc.cluster.local"
    reply = ask(port, new)
    assert (reply.rcode(), len(reply.authority)) == (dns.rcode.NXDOMAIN, 1)
    server.put("default/new", [Record(new, "A", "10.96.0.8")])
    assert said(ask(port, new)) == ["10.96.0.8"]
    server.put("default/new", [])
    assert ask(port, new).rcode() == dns.rcode.NXDOMAIN


def test_addresses_take_turns_in_being_first(port: int, server: ClusterDns) -> None:
    server.put("default/web", [Record(WEB, "A", f"10.0.0.{n}") for n in range(3)])
    assert {said(ask(port, WEB))[0] for _ in range(6)} == {"10.0.0.0", "10.0.0.1", "10.0.0.2"}


def test_what_does_not_fit_is_marked_and_had_over_tcp(port: int, server: ClusterDns) -> None:
    server.put("default/web", [Record(WEB, "A", f"10.0.{n}.1") for n in range(60)])
    assert ask(port, WEB, use_edns=False).flags & dns.flags.TC
    assert len(said(ask(port, WEB, use_edns=0, payload=1232))) == 60
    assert len(said(ask(port, WEB, tcp=True))) == 60


def test_of_more_than_a_stream_can_say_as_much_is_said_as_fits(port: int, server: ClusterDns) -> None:
    server.put("default/web", [Record(WEB, "A", f"10.{n >> 8}.{n & 255}.1") for n in range(10_000)])
    replies = [ask(port, WEB, tcp=True) for _ in range(2)]
    assert all(reply.flags & dns.flags.TC and len(said(reply)) > 4_000 for reply in replies)
    assert said(replies[0])[0] != said(replies[1])[0]  # all have their turn
    assert ask(port, WEB, use_edns=False).flags & dns.flags.TC


def test_the_rest_of_the_world_is_asked_once_and_remembered(port: int, world: World) -> None:
    world.answer = lambda reply: reply.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "A", "192.0.2.1"))
    for _ in range(3):
        reply = ask(port, "example.com")
        assert (said(reply), bool(reply.flags & dns.flags.AA)) == (["192.0.2.1"], False)
    assert world.asked == ["example.com"]


def test_a_no_of_the_world_is_remembered_too(port: int, world: World) -> None:
    def no(reply: dns.message.Message) -> None:
        reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.authority.append(dns.rrset.from_text("com.", 60, "IN", "SOA", "a. b. 1 2 3 4 60"))

    world.answer = no
    assert {ask(port, "nothing.com").rcode() for _ in range(3)} == {dns.rcode.NXDOMAIN}
    assert len(world.asked) == 1


def test_an_alias_of_a_service_comes_with_what_the_world_says_of_it(
    port: int, server: ClusterDns, world: World
) -> None:
    server.put("default/alias", [Record("alias.default.svc.cluster.local", "CNAME", "example.com")])
    world.answer = lambda reply: reply.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "A", "192.0.2.1"))
    assert said(ask(port, "alias.default.svc.cluster.local")) == ["example.com.", "192.0.2.1"]


def test_an_alias_comes_before_what_it_leads_to(port: int, server: ClusterDns) -> None:
    alias = "alias.default.svc.cluster.local"
    server.put("default/web", [Record(WEB, "A", f"10.0.0.{n}") for n in range(3)])
    server.put("default/alias", [Record(alias, "CNAME", WEB)])
    for _ in range(4):
        assert said(ask(port, alias))[0] == f"{WEB}."
    assert said(ask(port, alias, "CNAME")) == [f"{WEB}."]


def test_a_world_that_fails_is_a_failure_and_not_kept(port: int, world: World) -> None:
    world.answer = lambda reply: reply.set_rcode(dns.rcode.SERVFAIL)
    assert ask(port, "example.com").rcode() == dns.rcode.SERVFAIL
    world.answer = lambda reply: reply.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "A", "192.0.2.1"))
    assert said(ask(port, "example.com")) == ["192.0.2.1"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00" * 12, b"\xff" * 600, b"\x00\x01\x01\x00\x00\x01" + b"\x00" * 6 + b"\x3f" + b"a" * 10,
     b"\x00\x01\x81\x00\x00\x01" + b"\x00" * 6 + b"\x01a\x00\x00\x01\x00\x01",
     b"\x00\x01\x01\x00\x00\x01" + b"\x00" * 6 + b"\xc0\x0c\x00\x01\x00\x01"],
)  # fmt: skip
def test_what_is_no_query_is_not_answered_and_does_no_harm(port: int, data: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(data, ("127.0.0.2", port))
    with socket.create_connection(("127.0.0.2", port)) as client, contextlib.suppress(OSError):
        client.sendall(len(data).to_bytes(2, "big") + data)
    assert said(ask(port, WEB)) == ["10.96.0.7"]


def test_a_port_that_is_taken_is_one_clear_sentence(server: ClusterDns) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HERE, 0))
        with pytest.raises(ConfigError, match=r"cluster DNS cannot listen on .*: another program does already"):
            server.start(HERE, taken.getsockname()[1])


GREEDY, OTHER = "127.0.0.3", "127.0.0.4"
"""Two clients."""


def test_a_client_that_holds_connections_leaves_others_theirs(port: int) -> None:
    def connect(client: str) -> socket.socket:
        return socket.create_connection(("127.0.0.2", port), timeout=30, source_address=(client, 0))

    with contextlib.ExitStack() as stack:
        for _ in range(EACH_CONNECTIONS):
            stack.enter_context(connect(GREEDY))
        with connect(GREEDY) as one_more:
            assert one_more.recv(1) == b""
        query = dns.message.make_query(WEB, "A")
        with connect(OTHER) as other:
            dns.query.send_tcp(other, query)
            reply, _ = dns.query.receive_tcp(other)
    assert said(reply) == ["10.96.0.7"]


def test_a_client_that_asks_without_end_leaves_others_their_answers(world: World) -> None:
    settings = NameServerSettings(state_dir=Path(), domain="cluster.local", upstream=("127.0.0.1",))
    free, port = threading.Event(), free_port()

    def hesitate(_reply: dns.message.Message) -> None:
        free.wait(60)

    world.answer = hesitate
    server = ClusterDns(settings, upstream_port=world.port, each_asking=3)
    server.start("127.0.0.2", port)
    with contextlib.ExitStack() as stack:
        stack.callback(server.close)
        stack.callback(free.set)
        greedy, other = (stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
        greedy.bind((GREEDY, 0))
        other.bind((OTHER, 0))
        other.settimeout(30)
        for number in range(20):
            greedy.sendto(dns.message.make_query(f"greedy{number}.com", "A").to_wire(), ("127.0.0.2", port))
        other.sendto(dns.message.make_query("other.com", "A").to_wire(), ("127.0.0.2", port))
        free.set()
        reply = dns.message.from_wire(other.recv(4096))
    assert reply.question[0].name == dns.name.from_text("other.com")
    eventually(lambda: len([name for name in world.asked if name.startswith("greedy")]) == 3, "three are asked about")
    assert "other.com" in world.asked
