"""Lease: node heartbeats and leader election."""

from __future__ import annotations

from sampan.core.model.columns.coordination_v1.lease import LEASE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import MicroTime, model, wire
from sampan.core.model.rules.coordination_v1.lease import LeaseRules, validate_lease


@model
class LeaseSpec:
    """Who holds the lease and until when."""

    holder_identity: str | None = wire(default=None, keep_zero=True)
    """Who holds the lease. Empty when nobody does."""
    lease_duration_seconds: int | None = wire(default=None, format="int32")
    """Seconds after ``renewTime`` that others must wait before they may take the lease. Must be above 0."""
    acquire_time: MicroTime | None = None
    """When the present holder took the lease."""
    renew_time: MicroTime | None = None
    """When the present holder last renewed it."""
    lease_transitions: int | None = wire(default=None, format="int32")
    """How often the lease has passed from one holder to another. Never negative."""
    strategy: str | None = wire(default=None, keep_zero=True)
    """How a leader is picked in coordinated leader election, such as ``OldestEmulationVersion``.
    Empty without coordination.
    """
    preferred_holder: str | None = wire(default=None, keep_zero=True)
    """Who should take over: the holder lets go of the lease for it. Needs a ``strategy``."""


@kind(
    "coordination.k8s.io/v1",
    plural="leases",
    create_on_update=True,
    unconditional_update=False,
    columns=LEASE_COLUMNS,
    rules=LeaseRules(),
)
@model
class Lease(KubeObject):
    """A claim that must be renewed."""

    spec: LeaseSpec = wire(default=LeaseSpec(), emit="always")
    """Who holds the lease and until when."""


struct_rules(Lease, whole=True)(validate_lease)
