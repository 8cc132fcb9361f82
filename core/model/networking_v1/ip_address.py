"""IPAddress: an address that is taken."""

from __future__ import annotations

from sampan.core.model.columns.networking_v1.addresses import IP_ADDRESS_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.networking_v1.addresses import IpAddressRules, validate_ip_address


@model
class ParentReference:
    """The object that an address belongs to."""

    group: str | None = None
    """The API group of the object. Empty for the core group."""
    resource: str | None = wire(default=None, required=True)
    """The plural name of the object's kind, such as ``services``."""
    namespace: str | None = None
    """The object's namespace, where it has one."""
    name: str | None = wire(default=None, required=True)
    """The object's name."""


@model
class IPAddressSpec:
    """Whose address it is."""

    parent_ref: ParentReference | None = wire(default=None, required=True)
    """The object that the address belongs to. Immutable."""


@kind(
    "networking.k8s.io/v1",
    plural="ipaddresses",
    short_names=("ip",),
    namespaced=False,
    columns=IP_ADDRESS_COLUMNS,
    rules=IpAddressRules(),
    name_format="canonical-ip",
)
@model
class IPAddress(KubeObject):
    """An address of a service range that is taken. Its name is the address."""

    spec: IPAddressSpec = wire(default=IPAddressSpec(), required=True, emit="always")
    """Whose address it is."""


struct_rules(IPAddress, whole=True)(validate_ip_address)
