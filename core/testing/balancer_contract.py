"""The suite that every balancer runs: subclass `BalancerContract` and say how yours is made.

>>> class TestMine(BalancerContract):
...     def make(self) -> Balancer:
...         return Mine()
"""

from __future__ import annotations

from sampan.core.contracts.balancer import Balancer
from sampan.core.contracts.proxy import Endpoint

ENDPOINTS = tuple(Endpoint(ip=f"10.0.0.{last}", port=80, node=f"node-{last}") for last in range(1, 6))
CLIENT, OTHER = "10.0.9.1", "10.0.9.2"


class BalancerContract:
    """Every promise of `sampan.core.contracts.balancer.Balancer`."""

    def make(self) -> Balancer:
        raise NotImplementedError("give this suite a balancer")

    def made(self, *endpoints: Endpoint) -> Balancer:
        balancer = self.make()
        balancer.update(endpoints)
        return balancer

    def test_there_is_no_choice_before_there_are_endpoints(self) -> None:
        assert list(self.make().order(CLIENT)) == []
        assert list(self.made().order(CLIENT)) == []

    def test_the_only_endpoint_is_taken_or_nobody_served(self) -> None:
        assert list(self.made(ENDPOINTS[0]).order(CLIENT)) in ([ENDPOINTS[0]], [])

    def test_each_answer_names_endpoints_that_there_are_and_each_once(self) -> None:
        balancer = self.made(*ENDPOINTS)
        for client in (CLIENT, OTHER) * 20:
            named = list(balancer.order(client))
            assert set(named) <= set(ENDPOINTS)
            assert len(set(named)) == len(named)
            for endpoint in named[:1]:
                balancer.opened(endpoint)

    def test_those_that_left_are_named_no_more_and_come_back(self) -> None:
        balancer = self.made(*ENDPOINTS)
        for endpoint in balancer.order(CLIENT):
            balancer.opened(endpoint)
        for here in (ENDPOINTS[3:], (), ENDPOINTS):
            balancer.update(here)
            for client in (CLIENT, OTHER) * 10:
                assert set(balancer.order(client)) <= set(here)

    def test_endpoints_may_change_while_one_is_tried(self) -> None:
        balancer = self.made(*ENDPOINTS)
        named = iter(balancer.order(CLIENT))
        next(named, None)
        balancer.update(ENDPOINTS[:1])
        assert set(named) <= set(ENDPOINTS)

    def test_connections_may_end_after_their_endpoint_has_left(self) -> None:
        balancer = self.made(*ENDPOINTS)
        balancer.opened(ENDPOINTS[0])
        balancer.update(ENDPOINTS[1:])
        balancer.closed(ENDPOINTS[0])
        assert set(balancer.order(CLIENT)) <= set(ENDPOINTS[1:])

    def test_a_thousand_connections_leave_it_as_it_was(self) -> None:
        balancer = self.made(*ENDPOINTS)
        for _ in range(200):
            for endpoint in ENDPOINTS:
                balancer.opened(endpoint)
        for _ in range(200):
            for endpoint in ENDPOINTS:
                balancer.closed(endpoint)
        assert bool(list(balancer.order(CLIENT))) == bool(list(self.made(*ENDPOINTS).order(CLIENT)))
