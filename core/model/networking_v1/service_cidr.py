"""ServiceCIDR: a range that services get their addresses from."""

from __future__ import annotations

from sampan.core.model.columns.networking_v1.addresses import SERVICE_CIDR_COLUMNS
from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.rules.networking_v1.addresses import ServiceCidrRules


@model
class ServiceCIDRSpec:
    """The range."""

    cidrs: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The range, or one for each IP family. A second family can be added later, otherwise it is immutable."""


@model
class ServiceCIDRStatus:
    """Whether the range is in use."""

    conditions: tuple[Condition, ...] = keyed("type")
    """Statements about the range, one per type. ``Ready`` says whether addresses are taken from it."""


@kind(
    "networking.k8s.io/v1",
    plural="servicecidrs",
    namespaced=False,
    has_status=True,
    columns=SERVICE_CIDR_COLUMNS,
    rules=ServiceCidrRules(),
)
@model
class ServiceCIDR(KubeObject):
    """A range that services get their addresses from."""

    spec: ServiceCIDRSpec = wire(default=ServiceCIDRSpec(), emit="always")
    """The range, which is hardly ever changed."""
    status: ServiceCIDRStatus = wire(default=ServiceCIDRStatus(), emit="always")
    """Whether the range is in use. Read-only."""
