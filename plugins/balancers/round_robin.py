"""The ``round-robin`` balancer: each endpoint in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sampan.core.contracts.proxy import Endpoint


class RoundRobin:
    """See `sampan.core.contracts.balancer.Balancer`."""

    def __init__(self) -> None:
        self._endpoints: tuple[Endpoint, ...] = ()
        self._next = 0

    def update(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = tuple(endpoints)

    def order(self, client: str) -> Iterator[Endpoint]:
        endpoints = self._endpoints  # there may be others by the time that one has refused
        count = len(endpoints)
        if not count:
            return
        start = self._next % count
        self._next = start + 1
        for offset in range(count):
            yield endpoints[(start + offset) % count]

    def opened(self, endpoint: Endpoint) -> None:
        return None

    def closed(self, endpoint: Endpoint) -> None:
        return None
