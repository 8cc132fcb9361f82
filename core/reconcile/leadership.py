"""Which of several control planes on one store acts: the one that holds a Lease. The others stand by with warm caches.

As client-go's leader election: whoever finds the lease free, or has seen it unchanged for as long as it lasts, takes it.
Only this process's own clock counts, so it does not matter how the others' are set. Who cannot renew in time stops to act
well before anybody else may begin. https://kubernetes.io/docs/concepts/architecture/leases/#leader-election
"""

from __future__ import annotations

import asyncio
import logging

from sampan.core.classes import frozen
from sampan.core.client.protocol import Client
from sampan.core.errors import AlreadyExists, ApiError, Conflict, NotFound
from sampan.core.loops import Background
from sampan.core.model.coordination_v1.lease import Lease, LeaseSpec
from sampan.core.model.meta import MicroTime, evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.reconcile.clock import Clock

log = logging.getLogger(__name__)

NAMESPACE = "kube-system"
LASTS, RENEWED_WITHIN, EVERY = 15, 10.0, 2.0
"""Seconds: of a lease, until who could not renew it stops to act, and between two looks (kube-controller-manager's)."""


@frozen
class _Seen:
    """The lease as it was found last, and when it was found changed."""

    spec: LeaseSpec
    at: float


class Leadership:
    """``identity`` is this control plane's name, and no other's. On one event loop; `start`, then `stop`."""

    def __init__(self, client: Client, clock: Clock, identity: str, name: str = "kube-controller-manager") -> None:
        self._client = client
        self._clock = clock
        self._identity = identity
        self._name = name
        self._seen: _Seen | None = None
        self._until = float("-inf")
        """When what was renewed last does not count any more."""
        self._won = asyncio.Event()
        self._loop = Background()

    @property
    def holds(self) -> bool:
        """Whether this one may act now."""
        return self._clock.monotonic() < self._until

    async def won(self) -> None:
        """Wait until this one may act."""
        while not self.holds:
            self._won.clear()
            await self._won.wait()

    def start(self) -> None:
        self._loop.start(self._turn, f"election of {self._name}", self._clock.sleep)

    async def stop(self) -> None:
        """Once nothing acts any more: the next one need not wait until the lease has run out."""
        await self._loop.stop()
        held, self._until = self.holds, float("-inf")
        if held:
            try:
                await self._write(await self._client.get(Lease, NAMESPACE, self._name), holder="", lasts=1)
            except ApiError as error:
                log.info("the lease %s is left to run out: %s", self._name, error)

    async def _turn(self) -> None:
        before = self.holds
        asked = self._clock.monotonic()
        try:
            won = await self._take_or_renew()
        except ApiError as error:
            log.warning("the lease %s cannot be had: %s", self._name, error)
            won = False
        if won:
            self._until = asked + RENEWED_WITHIN
            self._won.set()
        if self.holds != before:
            log.info("%s %s", self._identity, "became leader" if won else "is leader no longer")
        await self._clock.sleep(EVERY)

    async def _take_or_renew(self) -> bool:
        try:
            lease = await self._client.get(Lease, NAMESPACE, self._name)
        except NotFound:
            return await self._make()
        if self._seen is None or self._seen.spec != lease.spec:
            self._seen = _Seen(lease.spec, self._clock.monotonic())
        if not self._is_free(self._seen):
            return False
        try:
            written = await self._write(lease, holder=self._identity, lasts=LASTS)
        except Conflict:
            return False  # somebody was quicker
        self._seen = _Seen(written.spec, self._clock.monotonic())
        return True

    def _is_free(self, seen: _Seen) -> bool:
        """Nobody's, this one's own, or one that its holder has not renewed in time."""
        if seen.spec.holder_identity in (None, "", self._identity):
            return True
        return self._clock.monotonic() >= seen.at + (seen.spec.lease_duration_seconds or LASTS)

    async def _make(self) -> bool:
        now = MicroTime(self._clock.now())
        spec = LeaseSpec(
            holder_identity=self._identity, lease_duration_seconds=LASTS, acquire_time=now, renew_time=now,
            lease_transitions=0,
        )  # fmt: skip
        try:
            await self._client.create(Lease(metadata=ObjectMeta(name=self._name, namespace=NAMESPACE), spec=spec))
        except AlreadyExists:
            return False
        return True

    async def _write(self, lease: Lease, *, holder: str, lasts: int) -> Lease:
        """Its resourceVersion lets only one of several succeed."""
        now, spec = MicroTime(self._clock.now()), lease.spec
        changes: dict[str, object] = {"holder_identity": holder, "lease_duration_seconds": lasts, "renew_time": now}
        if holder != spec.holder_identity:
            changes |= {"acquire_time": now, "lease_transitions": (spec.lease_transitions or 0) + bool(holder)}
        return await self._client.update(evolve(lease, spec=evolve(spec, **changes)))
