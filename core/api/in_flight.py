"""How many requests are worked on at a time: reads, writes and streams apart, each user in turn.

The bounds are kube-apiserver's (400 reads, 200 writes). What comes beyond them waits a moment, a user with many requests
behind one with few; what finds too many waiting, or waits too long, is answered with 429 and Retry-After. Administrators
and the cluster's own heartbeats never wait. On the API server's loop; in-process clients do not come here.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from types import TracebackType
from typing import Final

import attrs

from sampan.core.api.request_info import is_long_running
from sampan.core.contracts.access import SYSTEM_MASTERS, Attributes
from sampan.core.errors import TooManyRequests

READS: Final = 400
WRITES: Final = 200
STREAMS: Final = 5000
"""Watches, logs, exec and the like, which last: they never wait for a place."""
WAITING: Final = 4000
"""Requests that may wait, all users together."""
WAITING_OF_ONE: Final = 1000
PATIENCE: Final = 15.0
"""Seconds."""
RETRY_AFTER: Final = 1
HEALTH: Final = ("/healthz", "/livez", "/readyz")
HEARTBEATS: Final = "coordination.k8s.io"
COMPONENTS: Final = ("system:node:", "system:kube-")
"""Users whose leases count. The accounts of pods and strangers, whose names begin with ``system:`` too, wait like all."""


def too_many() -> TooManyRequests:
    return TooManyRequests("Too many requests, please try again later.", retry_after=RETRY_AFTER)


class Places:
    """A number of places, handed to users in turn."""

    def __init__(self, number: int, waiting: int = WAITING, waiting_of_one: int = WAITING_OF_ONE) -> None:
        self.number = number
        self.taken = 0
        self.waiting = 0
        self._most = waiting
        self._most_of_one = waiting_of_one
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, user: str) -> None:
        """Raises `TooManyRequests`."""
        if self.taken < self.number:
            self.taken += 1
            return
        queue = self._queues.get(user)
        if self.waiting >= self._most or (queue is not None and len(queue) >= self._most_of_one):
            raise too_many()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(user, deque()).append(place)
        self.waiting += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await place
        except BaseException as exc:
            self._leave(user, place)
            if isinstance(exc, TimeoutError):
                raise too_many() from None
            raise

    def _leave(self, user: str, place: asyncio.Future[None]) -> None:
        """A place that was given in the very moment of leaving goes on to the next."""
        if place.done() and not place.cancelled():
            self.give_back()
            return
        queue = self._queues.get(user)
        if queue is not None and place in queue:
            queue.remove(place)
            self.waiting -= 1
            if not queue:
                del self._queues[user]

    def give_back(self) -> None:
        """To the user whose turn it is, or to nobody."""
        while self._queues:
            user, queue = self._queues.popitem(last=False)
            place = queue.popleft()
            self.waiting -= 1
            if queue:
                self._queues[user] = queue
            if not place.done():
                place.set_result(None)
                return
        self.taken -= 1


@attrs.define(eq=False)
class InFlight:
    reads: Places = attrs.field(factory=lambda: Places(READS))
    writes: Places = attrs.field(factory=lambda: Places(WRITES))
    streams: Places = attrs.field(factory=lambda: Places(STREAMS, waiting=0))

    def place(self, attributes: Attributes) -> Place:
        """To be held while the request is served."""
        if is_exempt(attributes):
            return Place(None, "")
        if is_long_running(attributes):
            places = self.streams
        else:
            places = self.reads if attributes.verb in ("get", "list") else self.writes
        return Place(places, attributes.user.name)


@attrs.frozen
class Place:
    """``async with``: one place, or none for the exempt."""

    places: Places | None
    user: str

    async def __aenter__(self) -> None:
        if self.places is not None:
            await self.places.take(self.user)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.places is not None:
            self.places.give_back()


def is_exempt(attributes: Attributes) -> bool:
    """Administrators, questions after the server's health, and the leases by which nodes and components say that they
    live."""
    if not attributes.is_resource:
        return attributes.path.startswith(HEALTH)
    return SYSTEM_MASTERS in attributes.user.groups or (
        attributes.group == HEARTBEATS and attributes.user.name.startswith(COMPONENTS)
        and attributes.verb in ("get", "create", "update", "patch")
    )  # fmt: skip
