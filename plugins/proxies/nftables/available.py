"""Whether the kernel proxy can work here."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network

from sampan.core.contracts.proxy import Endpoint, ServicePort
from sampan.core.host import nft
from sampan.core.host.capabilities import is_network_admin
from sampan.core.host.netlink import HostNetworkError
from sampan.core.ip import IPV4, IPV6, Family
from sampan.plugins.proxies.nftables.rules import base, difference, pieces

PROBE = "sampan-probe"
_RANGES = {IPV4: "192.0.2.0/24", IPV6: "2001:db8::/112"}
"""Nobody's (RFC 5737, 3849)."""


def unavailable(families: Iterable[Family] = (IPV4,)) -> str | None:
    if not is_network_admin():
        return "it needs root"
    if not nft.is_installed():
        return "nft is not installed: install the package nftables"
    try:
        for each in families:
            nft.run(_everything(each))
    except HostNetworkError as exc:
        return f"the kernel refuses its rules: {exc}"
    return None


def _everything(family: Family) -> str:
    """All that the proxy needs of a kernel and of nft, gone again with the same transaction."""
    network = ip_network(_RANGES[family])
    endpoint = Endpoint(ip=str(network[1]), port=9)
    service = ServicePort(
        namespace="", name="", port_name="", protocol="TCP", ip=str(network[2]), port=9, endpoints=(endpoint,)
    )
    made = base(PROBE, str(network), masquerade_all=True) + difference(PROBE, {}, pieces([service]))
    return f"{made}delete table {family.nft} {PROBE}\n"
