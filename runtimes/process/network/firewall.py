"""Letting pods call the outside: masquerading in an nftables table of this node's own, or by iptables.

Without either, or where a tool refuses, pods still reach the host and each other: that is said, and no error.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from sampan.core.host import nft
from sampan.core.host.netlink import HostNetworkError

BRIDGES = "sp-"
"""How the bridge of every node here is called: what goes from one to another stays under its pod's own address."""
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


def allow_outside(bridge: str, cidr: str) -> str | None:
    """Why pods cannot call the outside, or ``None``. Idempotent."""
    problem = _masquerade(bridge, cidr)
    _accept_forwarding(bridge)
    return problem


def withdraw(bridge: str, cidr: str) -> None:
    """Take every rule back. Idempotent."""
    nft.delete_table("ip", bridge)
    for rule in ([*_nat_rule(bridge, cidr)], *_forward_rules(bridge)):
        while _run("iptables", ["-w", *rule[:2], "-C", *rule[2:]]) == "":
            if _run("iptables", ["-w", *rule[:2], "-D", *rule[2:]]) != "":
                break


def enable_forwarding() -> bool:
    """Let the host route between pods and the outside; ``True`` where this has changed the host."""
    if FORWARDING.read_text().strip() == "1":
        return False
    FORWARDING.write_text("1")
    return True


def disable_forwarding() -> None:
    FORWARDING.write_text("0")


def _masquerade(bridge: str, cidr: str) -> str | None:
    script = (
        f"add table ip {bridge}\nflush table ip {bridge}\n"
        f"add chain ip {bridge} postrouting {{ type nat hook postrouting priority 100; }}\n"
        f'add rule ip {bridge} postrouting ip saddr {cidr} oifname != "{BRIDGES}*" masquerade\n'
    )
    try:
        nft.run(script)
    except HostNetworkError as exc:
        problem = str(exc)
    else:
        return None
    rule = _nat_rule(bridge, cidr)
    if _run("iptables", ["-w", *rule[:2], "-C", *rule[2:]]) == "":
        return None
    second = _run("iptables", ["-w", *rule[:2], "-A", *rule[2:]])
    return None if second == "" else f"{problem}; {second}"


def _accept_forwarding(bridge: str) -> None:
    """Docker makes the host drop what it forwards; an accept in a table of our own could not undo that."""
    policy = subprocess_output("iptables", ["-w", "-S", "FORWARD"])
    if not policy.startswith("-P FORWARD DROP"):
        return
    for rule in _forward_rules(bridge):
        if _run("iptables", ["-w", *rule[:2], "-C", *rule[2:]]) != "":
            _run("iptables", ["-w", *rule[:2], "-I", *rule[2:]])


def _nat_rule(bridge: str, cidr: str) -> list[str]:
    """Table, then chain and match."""
    return ["-t", "nat", "POSTROUTING", "-s", cidr, "!", "-o", f"{BRIDGES}+", "-j", "MASQUERADE"]


def _forward_rules(bridge: str) -> list[list[str]]:
    return [["-t", "filter", "FORWARD", side, bridge, "-j", "ACCEPT"] for side in ("-i", "-o")]


def subprocess_output(program: str, arguments: list[str]) -> str:
    found = shutil.which(program, path=nft.PATH)
    if not found:
        return ""
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False).stdout


def _run(program: str, arguments: list[str]) -> str:
    """Empty where it worked, else why not."""
    found = shutil.which(program, path=nft.PATH)
    if not found:
        return f"{program} is not installed"
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["failed"])[0]
