"""The name server's process: taken over without a question lost, started anew with all it knew, gone in the end."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest

from sampan.core.contracts.name_server import NameServerSettings, Record
from sampan.core.errors import ConfigError
from sampan.core.testing.wait import eventually
from sampan.plugins.dns.child import processes_of
from sampan.plugins.dns.process import DnsProcess
from tests.support.cluster import free_port

HERE = "127.0.0.1"
WEB = "web.default.svc.cluster.local"
Make = Callable[[], DnsProcess]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def settings(tmp_path: Path, said: list[str]) -> NameServerSettings:
    return NameServerSettings(state_dir=tmp_path / "dns", domain="cluster.local", say=said.append)


@pytest.fixture
def make(settings: NameServerSettings) -> Iterator[Make]:
    """As each start of sampan makes one."""
    made: list[DnsProcess] = []

    def make() -> DnsProcess:
        made.append(DnsProcess(settings))
        return made[-1]

    yield make
    for each in made:
        each.destroy()


def ask(port: int, name: str = WEB, patience: float = 5.0) -> list[str]:
    reply = dns.query.udp(dns.message.make_query(name, "A"), HERE, timeout=patience, port=port)
    return [item.to_text() for rrset in reply.answer for item in rrset]


def address(text: str) -> list[Record]:
    return [Record(WEB, "A", text)]


class Asker:
    """Asks one question after the other, and counts those that nobody answers."""

    def __init__(self, port: int) -> None:
        self.answers: list[list[str]] = []
        self.failures: list[BaseException] = []
        self._port = port
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._enough.is_set():
            try:
                self.answers.append(ask(self._port))
            except (dns.exception.DNSException, OSError) as exc:
                self.failures.append(exc)


def test_it_goes_on_without_sampan_and_the_next_one_takes_over(make: Make, settings: NameServerSettings) -> None:
    port = free_port()
    first = make()
    first.put("default/web", address("10.96.0.7"))
    first.start(HERE, port)
    [old] = processes_of(settings)
    with Asker(port) as asker:
        first.close()
        eventually(lambda: asker.answers.count(["10.96.0.7"]) > 5, "it answers")
        second = make()
        second.put("default/web", address("10.96.0.8"))
        second.start(HERE, port)
        eventually(lambda: asker.answers[-1] == ["10.96.0.8"], "by what is known now")
    assert asker.failures == []
    assert old not in processes_of(settings)
    assert len(processes_of(settings)) == 1


def test_one_that_is_killed_is_started_anew_with_all_it_knew(
    make: Make, settings: NameServerSettings, said: list[str]
) -> None:
    port = free_port()
    server = make()
    server.put("default/web", address("10.96.0.7"))
    server.put("default/gone", [Record("gone.default.svc.cluster.local", "A", "10.96.0.9")])
    server.start(HERE, port)
    server.put("default/web", address("10.96.0.8"))
    server.put("default/gone", ())
    [pid] = processes_of(settings)
    os.kill(pid, signal.SIGKILL)
    eventually(
        lambda: ask(port, patience=0.2) == ["10.96.0.8"], "it answers again", but=(dns.exception.DNSException, OSError)
    )
    assert ask(port, "gone.default.svc.cluster.local") == []
    assert said == ["dns: the name server is started anew (its exit code is -9)"]


def test_a_change_is_answered_at_once(make: Make) -> None:
    port = free_port()
    server = make()
    server.start(HERE, port)
    assert ask(port) == []
    server.put("default/web", address("10.96.0.7"))
    eventually(lambda: ask(port) == ["10.96.0.7"], "the name is there")


def test_one_that_serves_nobody_ends_with_sampan(make: Make, settings: NameServerSettings) -> None:
    server = make()
    server.put("default/web", address("10.96.0.7"))
    eventually(lambda: len(processes_of(settings)) == 1, "it has been started")
    server.close()
    assert processes_of(settings) == []


def test_what_was_left_behind_is_ended_without_a_start(make: Make, settings: NameServerSettings) -> None:
    left = make()
    left.start(HERE, free_port())
    left.close()
    assert len(processes_of(settings)) == 1
    make().destroy()
    assert processes_of(settings) == []


def test_a_port_that_is_taken_ends_the_start(make: Make, settings: NameServerSettings) -> None:
    server = make()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HERE, 0))
        with pytest.raises(ConfigError, match=r"cluster DNS cannot listen on .*: another program does already"):
            server.start(HERE, taken.getsockname()[1])
    assert processes_of(settings) == []
