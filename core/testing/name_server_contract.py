"""The suite that every name server runs: subclass `NameServerContract` and say how yours is made.

>>> class TestMine(NameServerContract):
...     def make(self, settings: NameServerSettings) -> NameServer:
...         return Mine(settings)

It is asked over the loopback interface, as pods ask it over their own. A change is answered a moment after it was told.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from sampan.core.classes import frozen
from sampan.core.contracts.name_server import NameServer, NameServerSettings, Record
from sampan.core.errors import ConfigError
from sampan.core.testing.wait import eventually

HERE = "127.0.0.1"
WEB = "web.default.svc.cluster.local"
MAIL = "mail.default.svc.cluster.local"
PATIENCE = 5.0
NOT_THERE = (dns.exception.DNSException, OSError)


@frozen
class Asked:
    """A server that answers, and how to ask it."""

    server: NameServer
    port: int

    def reply(self, name: str, type: str = "A", *, tcp: bool = False) -> dns.message.Message:
        send = dns.query.tcp if tcp else dns.query.udp
        return send(dns.message.make_query(name, type), HERE, timeout=PATIENCE, port=self.port)

    def said(self, name: str, type: str = "A", *, tcp: bool = False) -> list[str]:
        return sorted(item.to_text() for rrset in self.reply(name, type, tcp=tcp).answer for item in rrset)

    def comes_to_say(self, name: str, *data: str, type: str = "A") -> None:
        eventually(lambda: self.said(name, type) == sorted(data), f"{name} is {data}", but=NOT_THERE)


class NameServerContract:
    """Every promise of `sampan.core.contracts.name_server.NameServer`."""

    def make(self, settings: NameServerSettings) -> NameServer:
        """The same settings twice mean the same cluster, as after a restart."""
        raise NotImplementedError("give this suite a name server")

    @pytest.fixture
    def settings(self, tmp_path: Path) -> NameServerSettings:
        return NameServerSettings(state_dir=tmp_path / "dns", domain="cluster.local", reverse=("10.96.0.0/16",))

    @pytest.fixture
    def start(self, settings: NameServerSettings) -> Iterator[Callable[..., Asked]]:
        """A server that knows some records of ``default/web`` and answers."""
        made: list[NameServer] = []

        def start(*records: Record) -> Asked:
            server = self.make(settings)
            made.append(server)
            server.put("default/web", records)
            port = _free_port()
            server.start(HERE, port)
            return Asked(server, port)

        yield start
        for server in made:
            server.destroy()
            server.close()

    @pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
    def test_what_it_was_told_before_its_start_is_answered_in_any_spelling(
        self, start: Callable[..., Asked], tcp: bool
    ) -> None:
        asked = start(Record(WEB, "A", "10.96.0.7"))
        assert asked.said("Web.Default.svc.CLUSTER.local", tcp=tcp) == ["10.96.0.7"]
        assert asked.reply(WEB, tcp=tcp).flags & dns.flags.AA

    def test_a_change_is_answered(self, start: Callable[..., Asked]) -> None:
        asked = start(Record(WEB, "A", "10.96.0.7"))
        asked.server.put("default/web", [Record(WEB, "A", "10.96.0.8"), Record(WEB, "A", "10.96.0.9")])
        asked.comes_to_say(WEB, "10.96.0.8", "10.96.0.9")

    def test_what_one_owner_loses_another_keeps(self, start: Callable[..., Asked]) -> None:
        asked = start(Record(WEB, "A", "10.96.0.7"))
        asked.server.put("default/mail", [Record(MAIL, "A", "10.96.0.8"), Record(WEB, "A", "10.96.0.9")])
        asked.comes_to_say(WEB, "10.96.0.7", "10.96.0.9")
        asked.server.put("default/mail", ())
        asked.comes_to_say(WEB, "10.96.0.7")
        assert asked.reply(MAIL).rcode() == dns.rcode.NXDOMAIN

    @pytest.mark.parametrize(
        ("record", "answer"),
        [
            (Record(WEB, "AAAA", "fd00::7"), "fd00::7"),
            (Record(f"_http._tcp.{WEB}", "SRV", f"0 100 80 {WEB}"), f"0 100 80 {WEB}."),
            (Record(WEB, "CNAME", MAIL), f"{MAIL}."),
            (Record(WEB, "TXT", '"1.1.0"'), '"1.1.0"'),
            (Record("7.0.96.10.in-addr.arpa", "PTR", WEB), f"{WEB}."),
        ],
        ids=lambda each: each.type if isinstance(each, Record) else "",
    )
    def test_every_type_of_record_is_answered(self, start: Callable[..., Asked], record: Record, answer: str) -> None:
        assert start(record).said(record.name, record.type) == [answer]

    def test_a_name_of_another_type_is_there_and_one_of_no_record_is_not(self, start: Callable[..., Asked]) -> None:
        asked = start(Record(WEB, "A", "10.96.0.7"), Record(MAIL, "NAME"))
        for name, of in ((WEB, "AAAA"), (MAIL, "A")):
            reply = asked.reply(name, of)
            assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])
        assert asked.reply("nobody.default.svc.cluster.local").rcode() == dns.rcode.NXDOMAIN
        assert asked.reply("8.0.96.10.in-addr.arpa", "PTR").rcode() == dns.rcode.NXDOMAIN

    def test_what_is_no_query_does_no_harm(self, start: Callable[..., Asked]) -> None:
        asked = start(Record(WEB, "A", "10.96.0.7"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for data in (b"", b"\x00" * 12, b"\xff" * 600):
                client.sendto(data, (HERE, asked.port))
        assert asked.said(WEB) == ["10.96.0.7"]

    def test_a_place_that_is_taken_is_said(self, settings: NameServerSettings) -> None:
        server = self.make(settings)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((HERE, 0))
            with pytest.raises(ConfigError):
                server.start(HERE, taken.getsockname()[1])
        server.destroy()
        server.close()

    def test_the_next_one_takes_its_place(self, start: Callable[..., Asked], settings: NameServerSettings) -> None:
        first = start(Record(WEB, "A", "10.96.0.7"))
        first.server.close()
        first.server.close()
        second = self.make(settings)
        second.put("default/web", [Record(WEB, "A", "10.96.0.8")])
        second.start(HERE, first.port)
        try:
            Asked(second, first.port).comes_to_say(WEB, "10.96.0.8")
        finally:
            second.destroy()
            second.close()

    def test_another_object_ends_whatever_answers(
        self, start: Callable[..., Asked], settings: NameServerSettings
    ) -> None:
        """As `sampan down` does, in a process that has started none."""
        asked = start(Record(WEB, "A", "10.96.0.7"))
        asked.server.close()
        other = self.make(settings)
        for _ in range(2):
            other.destroy()
        other.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HERE, asked.port))


def _free_port() -> int:
    with socket.socket() as tcp:
        tcp.bind((HERE, 0))
        return int(tcp.getsockname()[1])
