"""The balancer contract: which endpoint of a Service a new connection goes to.

For proxies that carry connections themselves (`registry.proxy(…, balances=True)`). What a Service itself says comes
first and is not a balancer's business: which endpoints are ready, whose clients are served, session affinity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sampan.core.contracts.proxy import Endpoint


class Balancer(Protocol):
    """Made for each port of each Service. Plain code on the proxy's event loop: quick, and never blocking."""

    def update(self, endpoints: Sequence[Endpoint]) -> None:
        """These are the endpoints from now on, in an order that stays; there may be none."""
        ...

    def order(self, client: str) -> Iterable[Endpoint]:
        """Where to try a new connection of ``client`` (its address), best first: some of the endpoints, each once.

        The next one is asked for only where one refuses. None at all: the client is turned away.
        """
        ...

    def opened(self, endpoint: Endpoint) -> None:
        """A connection is being made there; of UDP, a client's first datagram goes there."""
        ...

    def closed(self, endpoint: Endpoint) -> None:
        """One that was opened has ended, or could not be made. The endpoint may have left meanwhile."""
        ...


MakeBalancer = Callable[[], Balancer]
