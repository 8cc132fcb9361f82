"""A plugin's balancer at work in a proxy: what it raises or answers wrongly costs no connection, and is told by its name.

Where it fails, the endpoints are tried in their order. It runs on the proxy's loop, so that its time is counted, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

from sampan.core.contracts.balancer import Balancer, MakeBalancer
from sampan.core.contracts.proxy import Endpoint
from sampan.core.plugins.load import Plugins
from sampan.core.plugins.part_calls import PartCalls, calls_of

T = TypeVar("T")
SLOW = 0.01
"""Seconds that no answer should take: every connection of every Service waits meanwhile."""


def balancer_maker(plugins: Plugins, name: str) -> MakeBalancer:
    """What makes the balancer called ``name`` (``auto``: the usual one). Raises `ConfigError` where there is none."""
    part, _ = plugins.registry.balancers.choose(name)
    if plugins.is_own(part.plugin):
        return part.make
    calls = calls_of(plugins, part, f"the balancer {part.name}", SLOW)
    return lambda: GuardedBalancer(part.make(), calls)


def balancer_name(plugins: Plugins, name: str, proxy: str) -> str:
    """Which one it is; empty where the ``proxy`` asks none."""
    registry = plugins.registry
    return registry.balancers.choose(name)[0].name if proxy in registry.balancing_proxies else ""


class GuardedBalancer:
    """See `sampan.core.contracts.balancer.Balancer`."""

    def __init__(self, balancer: Balancer, calls: PartCalls) -> None:
        self._balancer = balancer
        self._calls = calls
        self._endpoints: tuple[Endpoint, ...] = ()

    def update(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = tuple(endpoints)
        self._guarded(lambda: self._balancer.update(self._endpoints), None)

    def order(self, client: str) -> Sequence[Endpoint]:
        known = self._endpoints
        return self._guarded(lambda: _checked(self._balancer.order(client), known), known)

    def opened(self, endpoint: Endpoint) -> None:
        self._guarded(lambda: self._balancer.opened(endpoint), None)

    def closed(self, endpoint: Endpoint) -> None:
        self._guarded(lambda: self._balancer.closed(endpoint), None)

    def _guarded(self, work: Callable[[], T], otherwise: T) -> T:
        try:
            return self._calls.run(work)
        except Exception:
            return otherwise  # it is in the account


def _checked(answer: Iterable[Endpoint], known: Sequence[Endpoint]) -> list[Endpoint]:
    """At most one more than there are is taken of it: it may have no end."""
    taken = list(islice(answer, len(known) + 1))
    if strange := [each for each in taken if each not in known]:
        raise ValueError(f"it names {str(strange[0])[:80]}, which is none of the endpoints")
    if len(set(taken)) < len(taken):
        raise ValueError("it names an endpoint twice")
    return taken
