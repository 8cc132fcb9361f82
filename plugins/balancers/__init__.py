"""Balancers: which endpoint of a Service a new connection goes to, where the proxy carries connections itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sampan.core.contracts.balancer import Balancer
    from sampan.core.registry import Registry


def make_round_robin() -> Balancer:
    """Each endpoint in turn."""
    from sampan.plugins.balancers.round_robin import RoundRobin

    return RoundRobin()


def make_least_connections() -> Balancer:
    """The endpoint with the fewest open connections; of those alike, each in turn."""
    from sampan.plugins.balancers.least_connections import LeastConnections

    return LeastConnections()


def register(registry: Registry) -> None:
    registry.balancer("round-robin", make_round_robin, rank=10)
    registry.balancer("least-connections", make_least_connections)
