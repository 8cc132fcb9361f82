"""The suite that every enforcer of network policies runs: subclass `PolicyEnforcerContract` and say how yours is made.

>>> class TestMine(PolicyEnforcerContract):
...     def make(self, settings: EnforcerSettings) -> PolicyEnforcer:
...         return Mine(settings)

Packets are sent between network namespaces around a router, in which the enforcer is called: so it needs root, and an
enforcer that holds packets back where they are forwarded.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import pytest

from sampan.core.contracts.policy import EnforcerSettings, Guard, Opening, PolicyEnforcer
from sampan.core.errors import SampanError
from sampan.core.testing.rooms import SECONDS, Network, Question, network, questions

POD, OTHER, OUTSIDE = "10.1.0.1", "10.1.0.2", "192.0.2.9"
PLACES, PORTS = (POD, OTHER, OUTSIDE), (80, 443, 5432)


@attrs.frozen
class Held:
    """An enforcer, and the places between which it stands."""

    network: Network
    enforcer: PolicyEnforcer

    def hold(self, *guards: Guard) -> None:
        self.network.router.call(lambda: self.enforcer.sync(guards))

    def passes(self) -> set[Question]:
        return self.network.answered(PORTS)


def lets(guards: Sequence[Guard], question: Question) -> bool:
    """What the contract says of a packet: both sides' guards must let it."""
    source, target, protocol, port = question
    of = {guard.address: guard for guard in guards}
    egress = of[source].egress if source in of else None
    ingress = of[target].ingress if target in of else None
    out = egress is None or any(each.lets(target, protocol, port) for each in egress)
    return out and (ingress is None or any(each.lets(source, protocol, port) for each in ingress))


CASES = {
    "nothing_is_let_in": (Guard(address=POD, ingress=()),),
    "nothing_is_let_out": (Guard(address=POD, egress=()),),
    "everything_is_let_in": (Guard(address=POD, ingress=(Opening(),), egress=()),),
    "one_address": (Guard(address=POD, ingress=(Opening(ranges=(OTHER,)),)),),
    "a_range_with_a_gap": (Guard(address=POD, ingress=(Opening(ranges=("0.0.0.0/0",), gaps=("192.0.2.0/24",)),)),),
    "one_port": (Guard(address=POD, ingress=(Opening(protocol="TCP", first=80, last=80),)),),
    "a_range_of_ports": (Guard(address=POD, ingress=(Opening(protocol="UDP", first=100, last=6000),)),),
    "a_protocol": (Guard(address=POD, egress=(Opening(ranges=(OTHER,), protocol="UDP"),)),),
    "one_of_several_openings": (
        Guard(
            address=POD, ingress=(Opening(ranges=(OTHER,), protocol="TCP", first=80, last=80), Opening(protocol="UDP"))
        ),
    ),
    "both_sides": (
        Guard(address=POD, egress=(Opening(),)),
        Guard(address=OTHER, ingress=(Opening(ranges=(OUTSIDE,)),)),
    ),
}


class PolicyEnforcerContract:
    """Every promise of `sampan.core.contracts.policy.PolicyEnforcer`."""

    def make(self, settings: EnforcerSettings) -> PolicyEnforcer:
        raise NotImplementedError("give this suite an enforcer")

    @pytest.fixture(scope="class")
    @classmethod
    def network(cls) -> Iterator[Network]:
        with network(*PLACES) as made:
            yield made

    @pytest.fixture
    def settings(self, tmp_path: Path) -> EnforcerSettings:
        return EnforcerSettings(cluster="test", state_dir=tmp_path)

    @pytest.fixture
    def held(self, network: Network, settings: EnforcerSettings) -> Iterator[Held]:
        made = Held(network, self.make(settings))
        yield made
        network.router.call(made.enforcer.destroy)

    @pytest.mark.parametrize("guards", CASES.values(), ids=CASES)
    def test_what_passes_is_what_the_guards_let(self, held: Held, guards: Sequence[Guard]) -> None:
        held.hold(*guards)
        assert held.passes() == {each for each in questions(PLACES, PORTS) if lets(guards, each)}

    def test_only_the_last_guards_hold(self, held: Held) -> None:
        held.hold(Guard(address=POD, ingress=(), egress=()))
        held.hold(Guard(address=OTHER, ingress=()))
        assert held.passes() == {each for each in questions(PLACES, PORTS) if each[1] != OTHER}
        held.hold()
        assert held.passes() == set(questions(PLACES, PORTS))

    def test_guards_that_cannot_be_change_nothing(self, held: Held) -> None:
        held.hold(Guard(address=POD, ingress=()))
        with pytest.raises(SampanError):
            held.hold(Guard(address="nowhere", ingress=()))
        assert {each for each in held.passes() if each[1] == POD} == set()

    def test_an_open_connection_outlives_guards_that_let_no_other_be_opened(self, held: Held) -> None:
        held.hold()
        pod, other = (held.network.places[address] for address in (POD, OTHER))
        closed = [Guard(address=address, ingress=(), egress=()) for address in (POD, OTHER)]
        with other.call(lambda: socket.create_server((OTHER, 5432))) as server:
            with pod.call(lambda: socket.create_connection((OTHER, 5432), timeout=5)) as client:
                held.hold(*closed)
                server.settimeout(5)
                served, _ = server.accept()
                with served:
                    served.settimeout(5)
                    client.sendall(b"still here")
                    assert served.recv(100) == b"still here"
            with pod.call(socket.socket) as another:
                another.settimeout(SECONDS)
                with pytest.raises(TimeoutError):
                    another.connect((OTHER, 5432))

    def test_another_object_takes_every_rule_back(self, held: Held, settings: EnforcerSettings) -> None:
        """As `sampan down` does, in a process that has enforced nothing."""
        held.hold(Guard(address=POD, ingress=(), egress=()))
        for _ in range(2):
            held.network.router.call(self.make(settings).destroy)
        assert held.passes() == set(questions(PLACES, PORTS))

    def test_what_holds_goes_on_without_it(self, held: Held, settings: EnforcerSettings) -> None:
        held.hold(Guard(address=POD, ingress=()))
        after = Held(held.network, self.make(settings))
        assert {each for each in after.passes() if each[1] == POD} == set()
        after.hold(Guard(address=OTHER, ingress=()))
        assert held.passes() == {each for each in questions(PLACES, PORTS) if each[1] != OTHER}
