"""A balancer: each client keeps to one endpoint by its address, and few clients change when one comes or leaves.

Try it with --proxy userspace --balancer ferry.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from sampan.plugin import BalancerBase, Endpoint, Registry, hookimpl


class Ferry(BalancerBase):
    """Each client keeps to one endpoint.

    Made for each port of each Service; quick, as every connection waits for it.
    """

    def order(self, client: str) -> Sequence[Endpoint]:
        """Where to try a new connection, best first; the next one is tried where one refuses."""
        return sorted(self.endpoints, key=lambda endpoint: _points(client, endpoint))


def _points(client: str, endpoint: Endpoint) -> bytes:
    return blake2b(f"{client} {endpoint.ip}:{endpoint.port}".encode(), digest_size=8).digest()


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.balancer("ferry", Ferry)
