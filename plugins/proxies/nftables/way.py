"""What must hold of the host so that packets that were led to a pod get there, and their answers back.

Pods on one bridge answer each other past the kernel's routing unless bridges show it their packets (``br_netfilter``); and
Docker has the host drop what it forwards. Blocking.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from sampan.core.host import nft
from sampan.plugins.proxies.nftables.rules import OURS

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
