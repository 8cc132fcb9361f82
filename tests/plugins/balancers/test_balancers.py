"""The balancers that come with sampan: the contract, and what each of them is for."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import repeat

import pytest
from prometheus_client import CollectorRegistry

from sampan.core.contracts.balancer import Balancer
from sampan.core.contracts.proxy import Endpoint
from sampan.core.plugins.account import Account
from sampan.core.plugins.balancing import GuardedBalancer
from sampan.core.plugins.part_calls import PartCalls
from sampan.core.plugins.patience import Patience
from sampan.core.testing.balancer_contract import CLIENT, ENDPOINTS, BalancerContract
from sampan.plugins.balancers.least_connections import LeastConnections
from sampan.plugins.balancers.round_robin import RoundRobin

ONE, TWO, THREE = ENDPOINTS[:3]


class TestRoundRobin(BalancerContract):
    def make(self) -> Balancer:
        return RoundRobin()

    def test_each_is_the_first_in_turn(self) -> None:
        balancer = self.made(ONE, TWO, THREE)
        assert [next(iter(balancer.order(CLIENT))) for _ in range(4)] == [ONE, TWO, THREE, ONE]


class TestLeastConnections(BalancerContract):
    def make(self) -> Balancer:
        return LeastConnections()

    def test_the_one_with_the_fewest_connections_comes_first(self) -> None:
        balancer = self.made(ONE, TWO, THREE)
        for endpoint in (ONE, ONE, TWO, THREE, THREE):
            balancer.opened(endpoint)
        assert next(iter(balancer.order(CLIENT))) == TWO
        balancer.closed(THREE)
        balancer.closed(THREE)
        assert next(iter(balancer.order(CLIENT))) == THREE

    def test_the_others_follow_by_their_connections(self) -> None:
        balancer = self.made(ONE, TWO, THREE)
        for endpoint in (ONE, ONE, TWO):
            balancer.opened(endpoint)
        assert list(balancer.order(CLIENT)) == [THREE, TWO, ONE]

    def test_alike_they_take_turns(self) -> None:
        balancer = self.made(ONE, TWO, THREE)
        assert {next(iter(balancer.order(CLIENT))) for _ in range(3)} == {ONE, TWO, THREE}

    def test_an_endpoint_that_comes_back_has_its_connections(self) -> None:
        balancer = self.made(ONE, TWO)
        balancer.opened(ONE)
        balancer.update([TWO])
        balancer.update([ONE, TWO])
        assert [next(iter(balancer.order(CLIENT))) for _ in range(2)] == [TWO, TWO]


class TestGuarded(BalancerContract):
    def make(self) -> Balancer:
        return guarded(RoundRobin())


def guarded(balancer: Balancer) -> GuardedBalancer:
    return GuardedBalancer(balancer, PartCalls(Patience(Account(CollectorRegistry())), "mine", "the balancer odd", 1))


class Broken(RoundRobin):
    def update(self, endpoints: Iterable[Endpoint]) -> None:
        raise RuntimeError("no room")

    order = opened = closed = update  # type: ignore[assignment]


class Endless(RoundRobin):
    def order(self, client: str) -> Iterator[Endpoint]:
        yield from repeat(ONE)


class Stranger(RoundRobin):
    def order(self, client: str) -> Iterator[Endpoint]:
        yield Endpoint(ip="192.0.2.1", port=1)


class Wordless(RoundRobin):
    def order(self, client: str) -> Iterator[Endpoint]:
        return None  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("balancer", "words"),
    [
        (Broken(), "failed in the balancer odd: RuntimeError: no room"),
        (Endless(), "it names an endpoint twice"),
        (Stranger(), "which is none of the endpoints"),
        (Wordless(), "'NoneType' object is not iterable"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_wrong_one_is_named_and_costs_no_connection(
    balancer: Balancer, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = guarded(balancer)
    with caplog.at_level(logging.WARNING):
        found.update([ONE, TWO])
        assert list(found.order(CLIENT)) == [ONE, TWO]
        found.opened(ONE)
        found.closed(ONE)
    assert words in caplog.text
    assert "plugin mine" in caplog.text
