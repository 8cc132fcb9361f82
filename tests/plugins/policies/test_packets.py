"""The kernel's rules, asked packet by packet what the pure matcher is asked: pods as network namespaces around a router.

A probe needs no server: what is let through is refused at once by the other side, what is not is never answered.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroute2 import IPRoute
from pyroute2.netlink.rtnl import rt_scope

from sampan.core.contracts.policy import EnforcerSettings, Guard
from sampan.core.model.networking_v1.network_policy import NetworkPolicy
from sampan.core.schema.codec import from_wire
from sampan.core.services.policies import allows, guards
from sampan.plugins.policies.nftables import NftablesEnforcer, unavailable
from tests.core.services.test_policies import DB, NAMESPACES, OTHER, OUTSIDE, PODS, WEB

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(unavailable() is not None, reason=str(unavailable())),
]

GATEWAY = "169.254.1.1"
PLACES = (WEB, DB, OTHER, OUTSIDE)
PORTS = (80, 5432, 5500)
PROTOCOLS = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}
SECONDS = 0.4
"""After which nobody answers any more: a refusal takes less than a millisecond."""
CLONE_NEWNET = 0x40000000
T = TypeVar("T")


class Room:
    """A network namespace without a name: it goes with its last file and socket, whatever ends this process."""

    def __init__(self) -> None:
        self._file = -1

    def __enter__(self) -> Room:
        def open_new() -> None:
            _libc("unshare", CLONE_NEWNET)
            self._file = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            Path("/proc/sys/net/ipv4/icmp_ratelimit").write_text("0")

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

        def here() -> None:
            with IPRoute() as routes:
                routes.link("add", ifname=name, kind="veth", peer={"ifname": "eth0", "net_ns_fd": other._file})
                _up(routes, name, own, others)

        def there() -> None:
            with IPRoute() as routes:
                _up(routes, "eth0", others, own)
                routes.route("add", dst="default", gateway=own, oif=routes.link_lookup(ifname="eth0")[0])

        self.call(here)
        other.call(there)


def _up(routes: IPRoute, name: str, own: str, other: str) -> None:
    index = routes.link_lookup(ifname=name)[0]
    routes.addr("add", index=index, address=own, prefixlen=32)
    routes.link("set", index=index, state="up")
    routes.route("add", dst=f"{other}/32", oif=index, scope=rt_scope["link"])


def _libc(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        raise OSError(ctypes.get_errno(), name)


def _in_thread(call: Callable[[], T]) -> T:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


@attrs.frozen
class Network:
    """Pods and an outside around a router, where the rules are."""

    router: Room
    places: dict[str, Room]

    def obey(self, *policies: NetworkPolicy) -> dict[str, Guard]:
        """From now on, and what they mean, by address."""
        enforcer = NftablesEnforcer(EnforcerSettings(cluster="test", state_dir=Path("/tmp/sampan-packets")))
        found = guards(policies, PODS, NAMESPACES)
        self.router.call(lambda: enforcer.sync(found))
        return {guard.address: guard for guard in found}


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with contextlib.ExitStack() as stack:
        router = stack.enter_context(Room())
        places = {address: stack.enter_context(Room()) for address in PLACES}
        for number, (address, place) in enumerate(places.items()):
            router.link_to(place, f"v{number}", GATEWAY, address)
        router.call(lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
        yield Network(router, places)


Question = tuple[str, str, str, int]
"""Source, target, protocol, port."""
QUESTIONS: list[Question] = [
    (source, target, protocol, port)
    for source, target in permutations(PLACES, 2)
    for protocol in PROTOCOLS
    for port in PORTS
]


def _sockets(source: str) -> list[socket.socket]:
    """One for each of its questions, in their order."""
    return [socket.socket(socket.AF_INET, PROTOCOLS[each[2]]) for each in QUESTIONS if each[0] == source]


def answered(network: Network) -> set[Question]:
    """Whose packets get there, and their answers back: all probes at once."""
    probes: dict[int, tuple[Question, socket.socket]] = {}
    poll = select.poll()
    made = {source: place.call(partial(_sockets, source)) for source, place in network.places.items()}
    for question in QUESTIONS:
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


selectors = st.sampled_from([{}, {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "db"}}])
peers = st.one_of(
    st.fixed_dictionaries({"podSelector": selectors}),
    st.fixed_dictionaries(
        {"namespaceSelector": st.sampled_from([{}, {"matchLabels": {"where": "far"}}])},
        optional={"podSelector": selectors},
    ),
    st.fixed_dictionaries(
        {
            "ipBlock": st.sampled_from(
                [
                    {"cidr": "0.0.0.0/0"},
                    {"cidr": "10.1.0.0/24", "except": ["10.1.0.2/32"]},
                    {"cidr": "192.0.2.0/24"},
                ]
            )
        }
    ),
)
ports = st.sampled_from(
    [
        {"port": 80},
        {"port": "sql"},
        {"port": 5000, "endPort": 5499},
        {"port": 80, "protocol": "UDP"},
        {"protocol": "UDP"},
        {"port": 80, "protocol": "SCTP"},
    ]
)


def rules(side: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    some = st.fixed_dictionaries({}, optional={side: st.lists(peers, max_size=2), "ports": st.lists(ports, max_size=2)})
    return st.lists(some, max_size=2)


def policy(name: str, spec: dict[str, Any]) -> NetworkPolicy:
    return from_wire(NetworkPolicy, {"metadata": {"name": name, "namespace": "default"}, "spec": spec})


specs = st.fixed_dictionaries(
    {
        "podSelector": selectors,
        "policyTypes": st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
        "ingress": rules("from"),
        "egress": rules("to"),
    }
)


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(st.lists(specs, max_size=3))
def test_what_passes_is_what_the_matcher_says(network: Network, some: list[dict[str, Any]]) -> None:
    obeyed = network.obey(*(policy(f"p{number}", spec) for number, spec in enumerate(some)))
    assert answered(network) == {question for question in QUESTIONS if allows(obeyed, *question)}


def test_an_open_connection_outlives_a_policy_that_lets_no_other_be_opened(network: Network) -> None:
    network.obey()
    web, db = network.places[WEB], network.places[DB]
    with db.call(lambda: socket.create_server((DB, 5432))) as server:
        with web.call(lambda: socket.create_connection((DB, 5432), timeout=5)) as client:
            network.obey(policy("closed", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))
            server.settimeout(5)
            served, _ = server.accept()
            with served:
                served.settimeout(5)
                client.sendall(b"still here")
                assert served.recv(100) == b"still here"
        with web.call(socket.socket) as another:
            another.settimeout(SECONDS)
            with pytest.raises(TimeoutError):
                another.connect((DB, 5432))
