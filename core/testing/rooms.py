"""Network namespaces around a router, for tests of what the kernel lets through. Needs root.

A probe needs no server: what is let through is refused at once by the other side, what is not is never answered.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_network
from itertools import permutations
from pathlib import Path
from typing import Final, TypeVar

import attrs

from sampan.core.ip import IPV4, IPV6, family_of

GATEWAY: Final = "169.254.1.1"
_GATEWAYS: Final = {IPV4: GATEWAY, IPV6: "fe80::1"}
_UNHURRIED: Final = {
    "ipv4/icmp_ratelimit": "0",
    "ipv4/icmp_ratemask": "0",
    "ipv6/icmp/ratelimit": "0",
    "ipv6/conf/all/accept_dad": "0",
    "ipv6/conf/default/accept_dad": "0",
}
"""Settings of a namespace in which every probe is answered at once, also at an address that was given a moment ago."""
_FORWARDS: Final = {IPV4: "ipv4/ip_forward", IPV6: "ipv6/conf/all/forwarding"}
PROTOCOLS: Final = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}
SECONDS: Final = 0.4
"""After which nobody answers any more: a refusal takes less than a millisecond."""
CLONE_NEWNET: Final = 0x40000000
T = TypeVar("T")
Question = tuple[str, str, str, int]
"""Source, target, protocol, port."""


class Room:
    """A network namespace without a name: it goes with its last file and socket, whatever ends this process."""

    def __init__(self) -> None:
        self._file = -1

    def __enter__(self) -> Room:
        def open_new() -> None:
            _libc("unshare", CLONE_NEWNET)
            self._file = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            for setting, value in _UNHURRIED.items():
                path = Path("/proc/sys/net") / setting
                if path.exists():  # no IPv6 here
                    path.write_text(value)

        _in_thread(open_new)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def call(self, call: Callable[[], T]) -> T:
        """In a thread that is in the namespace; sockets and programs made there stay in it."""

        def run() -> T:
            _libc("setns", self._file, CLONE_NEWNET)
            return call()

        return _in_thread(run)

    def link_to(self, other: Room, name: str, own: str, others: str) -> None:
        """A link between the two, called ``name`` here and ``eth0`` there, with an address at each end."""

        namespace = f"/proc/self/fd/{other._file}"
        pair = ("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        self.call(partial(_ip, *pair, keep=other._file))
        self.call(partial(_up, name, own, others))
        other.call(partial(_up, "eth0", others, own))
        other.call(partial(_ip, "route", "add", "default", "via", own, "dev", "eth0"))


def _up(name: str, own: str, other: str) -> None:
    network = ip_network(other)
    _ip("address", "add", f"{own}/{network.prefixlen}", "dev", name)
    _ip("link", "set", name, "up")
    _ip("route", "add", str(network), "dev", name, "scope", "link")


def _ip(*arguments: str, keep: int | None = None) -> None:
    """``keep``: a file that the program is to have as well."""
    subprocess.run(["ip", *arguments], check=True, pass_fds=() if keep is None else (keep,))


def _libc(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        raise OSError(ctypes.get_errno(), name)


def _in_thread(call: Callable[[], T]) -> T:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


@attrs.frozen
class Network:
    """Places, each with its address, around a router that forwards between them."""

    router: Room
    places: dict[str, Room]

    def answered(self, ports: Sequence[int]) -> set[Question]:
        """Whose packets to these ports get there, and their answers back: all probes at once."""
        asked = questions(tuple(self.places), ports)
        probes: dict[int, tuple[Question, socket.socket]] = {}
        poll = select.poll()
        made = {source: place.call(partial(_sockets, source, asked)) for source, place in self.places.items()}
        for question in asked:
            source, target, protocol, port = question
            probe = made[source].pop(0)
            probe.setblocking(False)
            probe.connect_ex((target, port))
            if protocol == "UDP":
                probe.send(b"probe")
            probes[probe.fileno()] = question, probe
            poll.register(probe, select.POLLERR)
        found: set[Question] = set()
        with contextlib.ExitStack() as stack:
            for _, probe in probes.values():
                stack.enter_context(probe)
            while len(found) < len(probes) and (events := poll.poll(SECONDS * 1000)):
                for number, _ in events:
                    found.add(probes[number][0])
                    poll.unregister(number)
        return found


@contextlib.contextmanager
def network(*addresses: str) -> Iterator[Network]:
    """A place for each address, all of one IP family; gone afterwards."""
    with contextlib.ExitStack() as stack:
        router = stack.enter_context(Room())
        places = {address: stack.enter_context(Room()) for address in addresses}
        for number, (address, place) in enumerate(places.items()):
            router.link_to(place, f"v{number}", _GATEWAYS[family_of(address)], address)
        for each in {family_of(address) for address in addresses}:
            router.call(partial((Path("/proc/sys/net") / _FORWARDS[each]).write_text, "1"))
        yield Network(router, places)


def questions(addresses: Sequence[str], ports: Sequence[int]) -> list[Question]:
    """Each to each other, by each protocol, at each port."""
    return [
        (source, target, protocol, port)
        for source, target in permutations(addresses, 2)
        for protocol in PROTOCOLS
        for port in ports
    ]


def _sockets(source: str, asked: Sequence[Question]) -> list[socket.socket]:
    """One for each of its questions, in their order."""
    return [socket.socket(family_of(source).sockets, PROTOCOLS[each[2]]) for each in asked if each[0] == source]
