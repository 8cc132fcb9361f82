"""Whether the kernel proxy can work here."""

from __future__ import annotations

from sampan.core.contracts.proxy import Endpoint, ServicePort
from sampan.core.host import nft
from sampan.core.host.capabilities import is_network_admin
from sampan.core.host.netlink import HostNetworkError
from sampan.plugins.proxies.nftables.rules import base, difference, pieces

PROBE = "sampan-probe"
_ENDPOINT = Endpoint(ip="192.0.2.1", port=9)
_SERVICE = ServicePort(
    namespace="", name="", port_name="", protocol="TCP", ip="192.0.2.2", port=9, endpoints=(_ENDPOINT,)
)


def unavailable() -> str | None:
    if not is_network_admin():
        return "it needs root"
    if not nft.is_installed():
        return "nft is not installed: install the package nftables"
    try:
        nft.run(_everything())
    except HostNetworkError as exc:
        return f"the kernel refuses its rules: {exc}"
    return None


def _everything() -> str:
    """All that the proxy needs of a kernel and of nft, gone again with the same transaction."""
    made = base(PROBE, "198.51.100.0/24", masquerade_all=True) + difference(PROBE, {}, pieces([_SERVICE]))
    return f"{made}delete table ip {PROBE}\n"
