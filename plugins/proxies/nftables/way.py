"""What must hold of the host so that packets that were led to a pod get there, and their answers back.

Pods on one bridge answer each other past the kernel's routing unless bridges show it their packets (``br_netfilter``); and
Docker has the host drop what it forwards. Blocking.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path

from sampan.core.host import nft
from sampan.core.ip import IPV4, Family, Network
from sampan.plugins.proxies.nftables.rules import OURS

LINKS = Path("/sys/class/net")
BRIDGES_SHOW = Path("/proc/sys/net/bridge")
ROUTES, ROUTES_IPV6 = Path("/proc/net/route"), Path("/proc/net/ipv6_route")


def bridges_show_packets(families: Iterable[Family] = (IPV4,)) -> bool:
    """Whether they do, after asking the kernel for it where it has not been asked."""
    if not BRIDGES_SHOW.exists():
        program = shutil.which("modprobe", path=nft.PATH)
        if program is not None:
            subprocess.run([program, "-q", "br_netfilter"], check=False, capture_output=True)
    try:
        return all((BRIDGES_SHOW / f"bridge-nf-call-{each.iptables}").read_text().strip() == "1" for each in families)
    except OSError:
        return False


def let_answer_themselves(addresses: Iterable[str]) -> None:
    """Let bridges send a packet back where it came from: a pod that asks a Service may be led to itself."""
    known = bridges()
    for bridge in {link for address in addresses if (link := _link_to(address, known))}:
        for port in (LINKS / bridge / "brif").glob("*/hairpin_mode"):
            with contextlib.suppress(OSError):  # the pod has ended meanwhile
                if port.read_text().strip() == "0":
                    port.write_text("1")


def bridges(table: Path = ROUTES, table6: Path = ROUTES_IPV6) -> list[tuple[str, Network]]:
    """The links that are bridges, with the ranges behind them."""
    routes: list[tuple[str, Network]] = []
    for line in table.read_text().splitlines()[1:]:
        link, destination, _, _, _, _, _, mask = line.split()[:8]
        ends = (socket.inet_ntoa(struct.pack("=I", int(each, 16))) for each in (destination, mask))
        routes.append((link, IPv4Network("/".join(ends), strict=False)))
    for line in table6.read_text().splitlines() if table6.exists() else ():
        destination, length, *_, link = line.split()
        routes.append((link, IPv6Network((int(destination, 16), int(length, 16)))))
    return [(link, network) for link, network in routes if (LINKS / link / "bridge").exists()]


def _link_to(address: str, known: list[tuple[str, Network]]) -> str | None:
    with contextlib.suppress(ValueError):  # an address that the kernel will refuse, too
        return next((link for link, network in known if ip_address(address) in network), None)
    return None


def open_way(table: str, families: Iterable[Family]) -> None:
    """Let what was led to a pod pass a host that drops what it forwards. Idempotent."""
    for each in families:
        rules = _iptables(each, "-S", "FORWARD")
        if rules.startswith("-P FORWARD DROP") and table not in rules:
            _iptables(each, "-I", "FORWARD", *_rule(table))


def close_way(table: str, families: Iterable[Family]) -> None:
    """Idempotent."""
    for each in families:
        if table in _iptables(each, "-S", "FORWARD"):
            _iptables(each, "-D", "FORWARD", *_rule(table))


def _rule(table: str) -> list[str]:
    mark = f"{OURS:#x}/{OURS:#x}"
    return ["-m", "connmark", "--mark", mark, "-m", "comment", "--comment", table, "-j", "ACCEPT"]


def _iptables(family: Family, *words: str) -> str:
    program = shutil.which(family.iptables, path=nft.PATH)
    if program is None:
        return ""
    return subprocess.run([program, "-w", *words], capture_output=True, text=True, check=False).stdout
