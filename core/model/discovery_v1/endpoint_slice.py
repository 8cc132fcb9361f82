"""EndpointSlice."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.discovery_v1.endpoint_slice import ENDPOINT_SLICE_COLUMNS
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.discovery_v1.endpoint_slice import EndpointSliceRules, validate_endpoint_slice


@model
class EndpointConditions:
    """Whether an endpoint can be used. Left out means unknown, to be read as yes (``terminating``: no)."""

    ready: bool | None = None
    """Whether the endpoint takes new traffic. Unknown counts as yes. False while it is terminating, as a rule."""
    serving: bool | None = None
    """Like ``ready``, but also told of terminating endpoints: whether it still answers. Unknown means:
    as ``ready`` says.
    """
    terminating: bool | None = None
    """Whether the endpoint is being shut down. Unknown counts as no."""


@model
class ForZone:
    """A zone that should use the endpoint."""

    name: str = wire(required=True, emit="always")
    """The zone's name, as in the node label ``topology.kubernetes.io/zone``."""


@model
class ForNode:
    """A node that should use the endpoint."""

    name: str = wire(required=True, emit="always")
    """The node's name."""


@model
class EndpointHints:
    """Who should use the endpoint."""

    for_zones: tuple[ForZone, ...] = wire(default=(), list_type="atomic")
    """The zones whose clients should use this endpoint. At most 8."""
    for_nodes: tuple[ForNode, ...] = wire(default=(), list_type="atomic")
    """The nodes whose clients should use this endpoint. At most 8."""


@model
class Endpoint:
    """One pod (or outside server) behind a service."""

    addresses: tuple[str, ...] = wire(default=(), required=True, emit="null", list_type="set")
    """Addresses of the slice's ``addressType`` that all lead to this endpoint, 1 to 100.
    Proxies use the first one only.
    """
    conditions: EndpointConditions = wire(default=EndpointConditions(), emit="always")
    """Whether the endpoint can be used."""
    hostname: str | None = wire(default=None, keep_zero=True)
    """The endpoint's own name below the service's in DNS. A lower-case DNS label."""
    target_ref: ObjectReference | None = None
    """The object behind the endpoint, usually a pod."""
    deprecated_topology: Mapping[str, str] = EMPTY
    """What is left of the labels of an older API version. Do not use it; ``nodeName`` and ``zone`` replace it."""
    node_name: str | None = wire(default=None, keep_zero=True)
    """The node that the endpoint runs on."""
    zone: str | None = wire(default=None, keep_zero=True)
    """The zone that the endpoint runs in."""
    hints: EndpointHints | None = None
    """Which clients the endpoint is meant for, where traffic is to stay near."""


@model
class EndpointPort:
    """A port of all the slice's endpoints."""

    __map_type__ = "atomic"

    name: str | None = wire(default=None, keep_zero=True, api_default="")
    """The name of the service's port that this serves, unique within the slice. Defaults to the empty name."""
    protocol: str | None = wire(default=None, keep_zero=True, api_default="TCP", enum=("SCTP", "TCP", "UDP"))
    """The transport protocol. Defaults to ``TCP``."""
    port: int | None = wire(default=None, format="int32")
    """The port's number on the endpoints. Left out, it has no single meaning and the consumer must know."""
    app_protocol: str | None = wire(default=None, keep_zero=True)
    """What is spoken on the port, for clients and proxies: an IANA name, or one with a prefix such as
    ``kubernetes.io/h2c``.
    """


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
    """What ``addresses`` hold: IPv4, IPv6 or domain names (FQDN, deprecated). Immutable."""
    endpoints: tuple[Endpoint, ...] = wire(default=(), emit="null", list_type="atomic")
    """The endpoints of this slice, at most 1000. A service with more has several slices."""
    ports: tuple[EndpointPort, ...] = wire(default=(), emit="null", list_type="atomic")
    """The ports that every endpoint of the slice serves, at most 100. Each needs a name of its own."""


struct_rules(EndpointSlice, whole=True)(validate_endpoint_slice)
