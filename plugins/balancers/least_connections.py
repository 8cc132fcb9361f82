"""The ``least-connections`` balancer: for connections that last, or cost very different amounts of work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sampan.core.contracts.proxy import Endpoint
from sampan.plugins.balancers.round_robin import RoundRobin


class LeastConnections:
    """See `sampan.core.contracts.balancer.Balancer`."""

    def __init__(self) -> None:
        self._in_turn = RoundRobin()
        self._open: Counter[Endpoint] = Counter()
        """Also those of endpoints that have left: they may come back with them."""

    def update(self, endpoints: Sequence[Endpoint]) -> None:
        self._in_turn.update(endpoints)

    def order(self, client: str) -> Iterator[Endpoint]:
        turn = list(self._in_turn.order(client))
        if not turn:
            return
        first = min(turn, key=self._open.__getitem__)
        yield first
        for endpoint in sorted(turn, key=self._open.__getitem__):  # one in a thousand comes to this
            if endpoint != first:
                yield endpoint

    def opened(self, endpoint: Endpoint) -> None:
        self._open[endpoint] += 1

    def closed(self, endpoint: Endpoint) -> None:
        self._open[endpoint] -= 1
        if self._open[endpoint] <= 0:
            del self._open[endpoint]
