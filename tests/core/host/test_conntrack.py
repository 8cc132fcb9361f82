"""Connections are forgotten by where they come from and lead to, in a network of the test's own."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sampan.core.host.capabilities import is_network_admin
from sampan.core.host.conntrack import Way, connections, forget_ranges
from sampan.core.ip import IPV4, IPV6, Family, family_of
from tests.support.needs import needs
from tests.support.wait import eventually

pytestmark = [
    needs(is_network_admin(), "asking for connections needs root"),
    pytest.mark.root,
]

CLONE_NEWNET = 0x40000000
FOLLOW = """
add table inet t
add chain inet t c {type filter hook output priority 0;}
add rule inet t c ct state new counter
"""
MORE_THAN_A_MESSAGE = 1000
"""Connections: the kernel tells of so many in several."""


@pytest.fixture
def inside() -> Iterator[Callable[..., Any]]:
    """Calls a function in a thread that has a network of its own."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_leave_the_machines_network).result()
        yield lambda function, *arguments, **named: thread.submit(function, *arguments, **named).result()


def _leave_the_machines_network() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["nft", FOLLOW], check=True)


def send(source: str, target: str, port: int) -> None:
    with socket.socket(family_of(target).sockets, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        sender.sendto(b"ahoy", (target, port))


def remembered(family: Family = IPV4) -> list[Way]:
    """As each began; none is forgotten."""
    found: list[Way] = []
    with connections() as some:
        some.forget(family, lambda original, _reply: bool(found.append(original)))  # type: ignore[func-returns-value]
    return found


def ends(family: Family = IPV4) -> set[tuple[str, str]]:
    return {(way["saddr"], way["daddr"]) for way in remembered(family)}


def test_ranges_are_forgotten_whichever_end_is_in_them(inside: Callable[..., Any]) -> None:
    for source, target in (("127.1.0.1", "127.2.0.1"), ("127.2.255.255", "127.3.0.1"), ("127.3.0.0", "127.1.0.1")):
        inside(send, source, target, 53)
    eventually(lambda: len(inside(ends)) == 3, "they are remembered")
    inside(forget_ranges, ["127.2.0.0/16", "127.99.0.0/24"])
    assert inside(ends) == {("127.3.0.0", "127.1.0.1")}


def test_ranges_of_both_families_are_forgotten_together(inside: Callable[..., Any]) -> None:
    inside(subprocess.run, ["ip", "address", "add", "fd00:1::1/64", "dev", "lo", "nodad"], check=True)
    inside(subprocess.run, ["ip", "address", "add", "fd00:2::1/64", "dev", "lo", "nodad"], check=True)
    for source, target in (("127.1.0.1", "127.2.0.1"), ("fd00:1::1", "fd00:2::1"), ("fd00:1::1", "fd00:1::1")):
        inside(send, source, target, 53)
    # A packet to oneself is taken in when the kernel gets to it.
    eventually(lambda: len(inside(ends, IPV4)) == 1 and len(inside(ends, IPV6)) == 2, "they are remembered")
    inside(forget_ranges, ["127.2.0.0/16", "fd00:2::/112"])
    assert (inside(ends, IPV4), inside(ends, IPV6)) == (set(), {("fd00:1::1", "fd00:1::1")})


def test_an_address_of_ipv6_can_be_looked_for(inside: Callable[..., Any]) -> None:
    for target in ("fd00:1::1", "fd00:2::1"):
        inside(subprocess.run, ["ip", "-6", "route", "add", "local", target, "dev", "lo"], check=True)
        inside(send, "::1", target, 53)
    eventually(lambda: len(inside(ends, IPV6)) == 2, "they are remembered")
    inside(forget_all, IPV6, daddr="fd00:1::1", proto=socket.IPPROTO_UDP, dport=53)
    assert {target for _, target in inside(ends, IPV6)} == {"fd00:2::1"}


def forget_all(family: Family, **first: Any) -> None:
    with connections() as some:
        some.forget(family, lambda _original, _reply: True, **first)


def test_only_what_is_so_at_first_is_looked_at(inside: Callable[..., Any]) -> None:
    def forget() -> None:
        with connections() as some:
            first = {"proto": socket.IPPROTO_UDP, "dport": 53}
            some.forget(IPV4, lambda _original, reply: reply["saddr"] != "127.2.0.1", **first)

    for target, port in (("127.2.0.1", 53), ("127.3.0.1", 53), ("127.3.0.1", 54)):
        inside(send, "127.1.0.1", target, port)
    eventually(lambda: len(inside(remembered)) == 3, "they are remembered")
    inside(forget)
    left = {(way["daddr"], way["proto"], way["dport"]) for way in inside(remembered)}
    assert left == {("127.2.0.1", socket.IPPROTO_UDP, 53), ("127.3.0.1", socket.IPPROTO_UDP, 54)}


def test_many_are_told_to_the_last(inside: Callable[..., Any]) -> None:
    for number in range(MORE_THAN_A_MESSAGE):
        inside(send, "127.1.0.1", f"127.2.{number // 250}.{number % 250 + 1}", 53)
    eventually(lambda: len(inside(ends)) == MORE_THAN_A_MESSAGE, "they are remembered")
    inside(forget_ranges, ["127.2.0.0/16"])
    assert inside(ends) == set()


def test_one_that_has_ended_meanwhile_is_no_failure(inside: Callable[..., Any]) -> None:
    def ended(*_: Way) -> bool:
        forget_ranges(["127.2.0.0/16"])
        return True

    def forget() -> None:
        with connections() as some:
            some.forget(IPV4, ended)

    inside(send, "127.1.0.1", "127.2.0.1", 53)
    eventually(lambda: len(inside(ends)) == 1, "it is remembered")
    inside(forget)
    assert inside(ends) == set()
