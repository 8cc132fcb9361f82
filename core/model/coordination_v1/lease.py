"""Lease: node heartbeats and leader election."""

from __future__ import annotations

from sampan.core.model.columns.cluster import LEASE_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import MicroTime, model, wire
from sampan.core.model.rules.cluster import validate_lease


@model
class LeaseSpec:
    """Who holds the lease and until when."""

    holder_identity: str | None = wire(default=None, keep_zero=True)
    lease_duration_seconds: int | None = wire(default=None, format="int32")
    acquire_time: MicroTime | None = None
    renew_time: MicroTime | None = None
    lease_transitions: int | None = wire(default=None, format="int32")
    strategy: str | None = wire(default=None, keep_zero=True)
    preferred_holder: str | None = wire(default=None, keep_zero=True)


@kind(
    "coordination.k8s.io/v1",
    plural="leases",
    create_on_update=True,
    unconditional_update=False,
    columns=LEASE_COLUMNS,
)
@model
class Lease(KubeObject):
    """A claim that must be renewed."""

    spec: LeaseSpec = wire(default=LeaseSpec(), emit="always")


struct_rules(Lease, whole=True)(validate_lease)
