"""Whether the kernel proxy can work here."""

from __future__ import annotations

from sampan.core.host import nft
from sampan.core.host.capabilities import is_network_admin
from sampan.core.host.netlink import HostNetworkError

PROBE = "sampan-probe"
_TRY = f"""\
add table ip {PROBE}
add chain ip {PROBE} c {{ type nat hook prerouting priority -100; }}
add map ip {PROBE} m {{ type ipv4_addr . inet_proto . inet_service : verdict; }}
add rule ip {PROBE} c meta l4proto tcp dnat ip to numgen inc mod 1 map {{ 0 : 192.0.2.1 . 9 }}
delete table ip {PROBE}
"""
"""All that the proxy needs of a kernel, gone again with the same transaction."""


def unavailable() -> str | None:
    if not is_network_admin():
        return "it needs root"
    if not nft.is_installed():
        return "nft is not installed: install the package nftables"
    try:
        nft.run(_TRY)
    except HostNetworkError as exc:
        return f"the kernel refuses its rules: {exc}"
    return None
