"""Node ports, claimed in the store: a key of its own for each number, which only one can create.

A number is one Service's, whatever the protocols. They are no API objects, in Kubernetes neither. What is taken is followed
like any other kind; a claim whose Service does not have the port (a crash between the claim and the Service) is taken over
by whoever wants the port, after a minute.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from sampan.core.api.address_claims import Full, NotClaimed, Owner
from sampan.core.classes import frozen
from sampan.core.errors import AlreadyExists, ApiError, Conflict, NotFound
from sampan.core.store.contract import Listing, Store, StoreEvent

log = logging.getLogger(__name__)

PREFIX: Final = "/registry/ranges/servicenodeports/"
RANGE: Final = range(30000, 32768)
PATIENCE: Final = timedelta(seconds=60)
"""For as long a Service may be on its way into the store."""


@frozen
class Claim:
    owner: Owner
    since: datetime


class PortClaims:
    """``has``: whether a Service has a port, as far as the caches know. A sink of the store's follower."""

    prefix = PREFIX

    def __init__(
        self, store: Store, now: Callable[[], datetime], has: Callable[[Owner, int], bool], chooser: random.Random
    ) -> None:
        self._store = store
        self._now = now
        self._has = has
        self._chooser = chooser
        self._claims: dict[int, Claim] = {}

    # As a sink

    def load(self, listing: Listing) -> None:
        self._claims = {port: _claim(item.value) for item in listing.items if (port := _port(item.key))}

    def apply(self, event: StoreEvent) -> None:
        if not event.item.key.startswith(PREFIX) or (port := _port(event.item.key)) is None:
            return
        if event.type == "put":
            self._claims[port] = _claim(event.item.value)
        else:
            self._claims.pop(port, None)

    # Claiming

    async def claim(self, port: int, owner: Owner, *, dry_run: bool = False) -> None:
        """Raises `NotClaimed`. A dry run does not ask whether the port is in the range, as in Kubernetes."""
        if port not in RANGE and not dry_run:
            raise NotClaimed(
                f"provided port is not in the valid range. The range of valid ports is {RANGE[0]}-{RANGE[-1]}"
            )
        if not await self._create(port, owner, dry_run=dry_run):
            raise NotClaimed("provided port is already allocated")

    async def claim_any(self, owner: Owner, *, dry_run: bool = False) -> int:
        """A random free one. Raises `Full`."""
        start = self._chooser.randrange(len(RANGE))
        for turn in range(len(RANGE)):
            number = RANGE[(start + turn) % len(RANGE)]
            if number not in self._claims and await self._create(number, owner, dry_run=dry_run):
                return number
        raise Full

    async def release(self, port: int, owner: Owner) -> None:
        """Give it back if it is the owner's."""
        try:
            item = await self._store.get(_key(port))
            if item is not None and _claim(item.value).owner == owner:
                await self._store.delete(item.key, item.revision)
                self._claims.pop(port, None)
        except (NotFound, Conflict):
            return
        except ApiError as exc:
            log.warning("the node port %d of a Service that has gone is kept for now: %s", port, exc)

    async def ensure(self, port: int, owner: Owner) -> None:
        """Make the claim of a Service that has the port, where there is none."""
        if port not in self._claims:
            await self._create(port, owner, dry_run=False)

    async def _create(self, port: int, owner: Owner, *, dry_run: bool) -> bool:
        """Whether it was free."""
        known = self._claims.get(port)
        if known is not None and not self._is_left_over(port, known):
            return False
        if dry_run:
            return True
        if known is not None:
            await self.release(port, known.owner)
        now = self._now()
        value = orjson.dumps({"namespace": owner.namespace, "name": owner.name, "since": now.timestamp()})
        try:
            await self._store.create(_key(port), value)
        except AlreadyExists:
            return False
        self._claims[port] = Claim(owner, now)
        return True

    def _is_left_over(self, port: int, claim: Claim) -> bool:
        return self._now() - claim.since > PATIENCE and not self._has(claim.owner, port)


def _key(port: int) -> str:
    return f"{PREFIX}{port}"


def _port(key: str) -> int | None:
    number = key.removeprefix(PREFIX)
    return int(number) if number.isdigit() else None


def _claim(value: bytes) -> Claim:
    said: Mapping[str, Any] = orjson.loads(value)
    owner = Owner(str(said["namespace"]), str(said["name"]))
    return Claim(owner, datetime.fromtimestamp(float(said["since"]), UTC))
