"""Which endpoint serves the next connection: round-robin over the ready ones, with ClientIP affinity where asked for.

Pure state, no sockets; used on the proxy's own loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from sampan.core.contracts.proxy import Endpoint

MOST_REMEMBERED = 65_536
"""Clients of one service port whose endpoint is remembered, as many as the kernel's proxy remembers."""


class Balancer:
    """The endpoints of one service port."""

    def __init__(self, endpoints: Sequence[Endpoint] = (), affinity_seconds: int = 0) -> None:
        self._next = 0
        self._sticky: dict[str, tuple[Endpoint, float]] = {}
        self.update(endpoints, affinity_seconds)

    def update(self, endpoints: Sequence[Endpoint], affinity_seconds: int, sources: Sequence[str] = ()) -> None:
        """Take a new set; clients keep to endpoints that are still there. Others than ``sources`` have none."""
        self.endpoints = tuple(sorted(endpoints))
        self._sources = [ip_network(cidr, strict=False) for cidr in sources]
        self.affinity_seconds = affinity_seconds
        here = frozenset(self.endpoints)
        self._sticky = {client: kept for client, kept in self._sticky.items() if affinity_seconds and kept[0] in here}

    def candidates(self, client: str, now: float) -> Iterator[Endpoint]:
        """Endpoints of this moment in the order to try them: the client's own first, then round-robin; each once.

        ``now`` is in seconds on any steady clock.
        """
        if self._sources and not any(ip_address(client) in network for network in self._sources):
            return
        stuck = self._stuck_to(client, now)
        if stuck is not None:
            yield stuck
        endpoints = self.endpoints  # there may be others by the time that one has refused
        count = len(endpoints)
        if not count:
            return
        start = self._next % count
        self._next = start + 1
        for offset in range(count):
            endpoint = endpoints[(start + offset) % count]
            if endpoint != stuck:
                yield endpoint

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
