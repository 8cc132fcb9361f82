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
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from sampan.core.host import nft
from sampan.plugins.proxies.nftables.rules import OURS

LINKS = Path("/sys/class/net")
BRIDGES_SHOW = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


def bridges_show_packets() -> bool:
    """Whether they do, after asking the kernel for it where it has not been asked."""
    if not BRIDGES_SHOW.exists():
        program = shutil.which("modprobe", path=nft.PATH)
        if program is not None:
            subprocess.run([program, "-q", "br_netfilter"], check=False, capture_output=True)
    try:
        return BRIDGES_SHOW.read_text().strip() == "1"
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


def bridges(table: Path = Path("/proc/net/route")) -> list[tuple[str, IPv4Network]]:
    """The links that are bridges, with the ranges behind them."""
    found = []
    for line in table.read_text().splitlines()[1:]:
        link, destination, _, _, _, _, _, mask = line.split()[:8]
        if (LINKS / link / "bridge").exists():
            ends = (socket.inet_ntoa(struct.pack("=I", int(each, 16))) for each in (destination, mask))
            found.append((link, IPv4Network("/".join(ends), strict=False)))
    return found


def _link_to(address: str, known: list[tuple[str, IPv4Network]]) -> str | None:
    with contextlib.suppress(ValueError):  # an address that the kernel will refuse, too
        return next((link for link, network in known if IPv4Address(address) in network), None)
    return None


def open_way(table: str) -> None:
    """Let what was led to a pod pass a host that drops what it forwards. Idempotent."""
    if _iptables("-S", "FORWARD").startswith("-P FORWARD DROP") and not _rule_is_there(table):
        _iptables("-I", "FORWARD", *_rule(table))


def close_way(table: str) -> None:
    """Idempotent."""
    if _rule_is_there(table):
        _iptables("-D", "FORWARD", *_rule(table))


def _rule(table: str) -> list[str]:
    mark = f"{OURS:#x}/{OURS:#x}"
    return ["-m", "connmark", "--mark", mark, "-m", "comment", "--comment", table, "-j", "ACCEPT"]


def _rule_is_there(table: str) -> bool:
    return table in _iptables("-S", "FORWARD")


def _iptables(*words: str) -> str:
    program = shutil.which("iptables", path=nft.PATH)
    if program is None:
        return ""
    return subprocess.run([program, "-w", *words], capture_output=True, text=True, check=False).stdout
