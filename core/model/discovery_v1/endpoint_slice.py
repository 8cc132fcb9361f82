"""EndpointSlice."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.services import ENDPOINT_SLICE_COLUMNS
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.endpoints import EndpointSliceRules, validate_endpoint_slice


@model
class EndpointConditions:
    """Whether an endpoint can be used. ``None`` means unknown, to be read as yes (``terminating``: no)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


@model
class ForZone:
    """A zone that should use the endpoint."""

    name: str = wire(required=True, emit="always")


@model
class ForNode:
    """A node that should use the endpoint."""

    name: str = wire(required=True, emit="always")


@model
class EndpointHints:
    """Who should use the endpoint."""

    for_zones: tuple[ForZone, ...] = wire(default=(), list_type="atomic")
    for_nodes: tuple[ForNode, ...] = wire(default=(), list_type="atomic")


@model
class Endpoint:
    """One pod (or outside server) behind a service."""

    addresses: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="set")
    conditions: EndpointConditions = wire(default=EndpointConditions(), emit="always")
    hostname: str | None = wire(default=None, keep_zero=True)
    target_ref: ObjectReference | None = None
    deprecated_topology: Mapping[str, str] = EMPTY
    node_name: str | None = wire(default=None, keep_zero=True)
    zone: str | None = wire(default=None, keep_zero=True)
    hints: EndpointHints | None = None


@model
class EndpointPort:
    """A port of all the slice's endpoints."""

    __map_type__ = "atomic"

    name: str | None = wire(default=None, keep_zero=True, api_default="")
    protocol: str | None = wire(default=None, keep_zero=True, api_default="TCP", enum=("SCTP", "TCP", "UDP"))
    port: int | None = wire(default=None, format="int32")
    app_protocol: str | None = wire(default=None, keep_zero=True)


@kind(
    "discovery.k8s.io/v1",
    plural="endpointslices",
    has_generation=True,
    columns=ENDPOINT_SLICE_COLUMNS,
    rules=EndpointSliceRules(),
)
@model
class EndpointSlice(KubeObject):
    """Some of the endpoints behind a service."""

    address_type: str = wire(required=True, emit="always", enum=("FQDN", "IPv4", "IPv6"))
    endpoints: tuple[Endpoint, ...] = wire(default=(), emit="null", list_type="atomic")
    ports: tuple[EndpointPort, ...] = wire(default=(), emit="null", list_type="atomic")


struct_rules(EndpointSlice, whole=True)(validate_endpoint_slice)
