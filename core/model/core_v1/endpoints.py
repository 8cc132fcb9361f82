"""Endpoints: the older, one-object form of EndpointSlices."""

from __future__ import annotations

from sampan.core.model.columns.core_v1.endpoints import ENDPOINTS_COLUMNS
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.core_v1.endpoints import EndpointsRules, validate_endpoints
from sampan.core.model.storage import Stored


@model
class EndpointAddress:
    """The address of one pod (or outside server)."""

    __map_type__ = "atomic"

    ip: str = wire(required=True, emit="always")
    """An IPv4 or IPv6 address; none of the node itself or of a link (127.0.0.0/8, 169.254.0.0/16, ::1 and the like)."""
    hostname: str | None = None
    """The address's own name below the service's in DNS."""
    node_name: str | None = wire(default=None, keep_zero=True)
    """The node that the address is on."""
    target_ref: ObjectReference | None = None
    """The object behind the address, usually a pod."""


@model
class EndpointPort:
    """A port of all the subset's addresses."""

    __map_type__ = "atomic"

    name: str | None = None
    """The name of the service's port that this serves. Needed where there are several ports."""
    port: int = wire(required=True, emit="always", format="int32")
    """The port's number at the addresses, 1 to 65535."""
    protocol: str | None = wire(default=None, api_default="TCP", enum=("SCTP", "TCP", "UDP"))
    """The transport protocol. Defaults to ``TCP``."""
    app_protocol: str | None = wire(default=None, keep_zero=True)
    """What is spoken on the port, for clients and proxies: an IANA name, or one with a prefix such as
    ``kubernetes.io/h2c``.
    """


@model
class EndpointSubset:
    """Addresses that share their ports."""

    addresses: tuple[EndpointAddress, ...] = wire(default=(), list_type="atomic")
    """Addresses that take traffic on all the ports."""
    not_ready_addresses: tuple[EndpointAddress, ...] = wire(default=(), list_type="atomic")
    """Addresses that would serve the ports but are not ready, or about to end."""
    ports: tuple[EndpointPort, ...] = wire(default=(), list_type="atomic")
    """The ports that every address serves."""


@kind(
    "v1",
    plural="endpoints",
    singular="endpoints",
    short_names=("ep",),
    create_on_update=True,
    storage=Stored(folder="services/endpoints"),
    columns=ENDPOINTS_COLUMNS,
    rules=EndpointsRules(),
    deprecation="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
)
@model
class Endpoints(KubeObject):
    """The addresses behind a service."""

    subsets: tuple[EndpointSubset, ...] = wire(default=(), list_type="atomic")
    """Groups of addresses with the same ports. An address may be in several, for other ports each time."""


struct_rules(Endpoints, whole=True)(validate_endpoints)
