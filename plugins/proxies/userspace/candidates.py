"""Which endpoints the next connection may go to: what the Service says of its clients, then what the balancer says.

Pure state, no sockets; used on the proxy's own loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from sampan.core.contracts.balancer import Balancer
from sampan.core.contracts.proxy import Endpoint

MOST_REMEMBERED = 65_536
"""Clients of one service port whose endpoint is remembered, as many as the kernel's proxy remembers."""


class Visit:
    """One connection, as the balancer counts it."""

    __slots__ = ("_balancer", "endpoint")

    def __init__(self, balancer: Balancer, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._balancer: Balancer | None = balancer
        balancer.opened(endpoint)

    def end(self) -> None:
        """Idempotent."""
        balancer, self._balancer = self._balancer, None
        if balancer is not None:
            balancer.closed(self.endpoint)


class Candidates:
    """The endpoints of one service port."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer
        self._sticky: dict[str, tuple[Endpoint, float]] = {}
        self.update(())

    def update(self, endpoints: Sequence[Endpoint], affinity_seconds: int = 0, sources: Sequence[str] = ()) -> None:
        """Take a new set; clients keep to endpoints that are still there. Others than ``sources`` have none."""
        self.endpoints = tuple(sorted(endpoints))
        self._balancer.update(self.endpoints)
        self._sources = [ip_network(cidr, strict=False) for cidr in sources]
        self.affinity_seconds = affinity_seconds
        here = frozenset(self.endpoints)
        self._sticky = {client: kept for client, kept in self._sticky.items() if affinity_seconds and kept[0] in here}

    def candidates(self, client: str, now: float) -> Iterator[Endpoint]:
        """Endpoints of this moment in the order to try them: the client's own first, then the balancer's; each once.

        ``now`` is in seconds on any steady clock.
        """
        if self._sources and not any(ip_address(client) in network for network in self._sources):
            return
        stuck = self._stuck_to(client, now)
        if stuck is not None:
            yield stuck
        for endpoint in self._balancer.order(client):
            if endpoint != stuck:
                yield endpoint

    def visit(self, endpoint: Endpoint) -> Visit:
        """A connection is being made there: end what is returned when that has ended or failed."""
        return Visit(self._balancer, endpoint)

    def served(self, client: str, endpoint: Endpoint, now: float) -> None:
        """Remember who served ``client``, for as long as affinity lasts."""
        if self.affinity_seconds:
            self._sticky.pop(client, None)
            self._sticky[client] = (endpoint, now + self.affinity_seconds)  # who came last is last
            if len(self._sticky) > MOST_REMEMBERED:
                del self._sticky[next(iter(self._sticky))]

    def _stuck_to(self, client: str, now: float) -> Endpoint | None:
        kept = self._sticky.get(client)
        if kept is None:
            return None
        endpoint, until = kept
        if until < now:
            del self._sticky[client]
            return None
        return endpoint
