"""What ServiceCIDRs and IPAddresses say, for those who decide about them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sampan.core.contracts.controller import Lister
from sampan.core.model.networking_v1.ip_address import IPAddress
from sampan.core.model.networking_v1.service_cidr import ServiceCIDR

MANAGED_BY = "ipaddress.kubernetes.io/managed-by"
FAMILY = "ipaddress.kubernetes.io/ip-family"
ALLOCATOR = "ipallocator.k8s.io"
"""The API server: it makes an IPAddress for each address that a Service is given."""
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def networks(service_cidr: ServiceCIDR) -> list[Network]:
    return [ip_network(text) for text in service_cidr.spec.cidrs]


def holding(address: Address, state: Lister) -> Iterable[ServiceCIDR]:
    """The ranges that an address is in."""
    for each in state.list(ServiceCIDR):
        if any(address in network for network in networks(each)):
            yield each


def is_managed(claim: IPAddress) -> bool:
    return claim.metadata.labels.get(MANAGED_BY) == ALLOCATOR


def address_of(claim: IPAddress) -> Address:
    return ip_address(claim.metadata.name or "")
