"""Endpoints: the older, one-object form of EndpointSlices."""

from __future__ import annotations

from sampan.core.model.columns.services import ENDPOINTS_COLUMNS
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.endpoints import EndpointsRules, validate_endpoints


@model
class EndpointAddress:
    """The address of one pod (or outside server)."""

    __map_type__ = "atomic"

    ip: str = wire(required=True, emit="always")
    hostname: str | None = None
    node_name: str | None = wire(default=None, keep_zero=True)
    target_ref: ObjectReference | None = None


@model
class EndpointPort:
    """A port of all the subset's addresses."""

    __map_type__ = "atomic"

    name: str | None = None
    port: int = wire(required=True, emit="always", format="int32")
    protocol: str | None = wire(default=None, api_default="TCP", enum=("SCTP", "TCP", "UDP"))
    app_protocol: str | None = wire(default=None, keep_zero=True)


@model
class EndpointSubset:
    """Addresses that share their ports."""

    addresses: tuple[EndpointAddress, ...] = wire(default=(), list_type="atomic")
    not_ready_addresses: tuple[EndpointAddress, ...] = wire(default=(), list_type="atomic")
    ports: tuple[EndpointPort, ...] = wire(default=(), list_type="atomic")


@kind(
    "v1",
    plural="endpoints",
    singular="endpoints",
    short_names=("ep",),
    create_on_update=True,
    storage_prefix="services/endpoints",
    columns=ENDPOINTS_COLUMNS,
    rules=EndpointsRules(),
)
@model
class Endpoints(KubeObject):
    """The addresses behind a service."""

    subsets: tuple[EndpointSubset, ...] = wire(default=(), list_type="atomic")


struct_rules(Endpoints, whole=True)(validate_endpoints)
