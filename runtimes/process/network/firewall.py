"""Letting pods call the outside: masquerading in an nftables table of this node's own for each IP family, or by iptables.

Without either, or where a tool refuses, pods still reach the host and each other: that is said, and no error.
"""

from __future__ import annotations

import shutil
import subprocess

from sampan.core.host import nft
from sampan.core.host.netlink import HostNetworkError
from sampan.core.ip import Family, Network, family_of, networks

BRIDGES = "sp-"
"""How the bridge of every node here is called: what goes from one to another stays under its pod's own address."""


def allow_outside(bridge: str, network: Network) -> str | None:
    """Why pods cannot call the outside, or ``None``. Idempotent."""
    problem = _masquerade(bridge, network)
    _accept_forwarding(bridge, family_of(network))
    return problem


def withdraw(bridge: str, cidr: str) -> None:
    """Take every rule back. Idempotent."""
    for network in networks(cidr):
        of = family_of(network)
        nft.delete_table(of.nft, bridge)
        for rule in ([*_nat_rule(network)], *_forward_rules(bridge)):
            while _run(of.iptables, ["-w", *rule[:2], "-C", *rule[2:]]) == "":
                if _run(of.iptables, ["-w", *rule[:2], "-D", *rule[2:]]) != "":
                    break


def _masquerade(bridge: str, network: Network) -> str | None:
    of = family_of(network)
    table = f"{of.nft} {bridge}"
    script = (
        f"add table {table}\nflush table {table}\n"
        f"add chain {table} postrouting {{ type nat hook postrouting priority 100; }}\n"
        f'add rule {table} postrouting {of.nft} saddr {network} oifname != "{BRIDGES}*" masquerade\n'
    )
    try:
        nft.run(script)
    except HostNetworkError as exc:
        problem = str(exc)
    else:
        return None
    rule = _nat_rule(network)
    if _run(of.iptables, ["-w", *rule[:2], "-C", *rule[2:]]) == "":
        return None
    second = _run(of.iptables, ["-w", *rule[:2], "-A", *rule[2:]])
    return None if second == "" else f"{problem}; {second}"


def _accept_forwarding(bridge: str, of: Family) -> None:
    """Docker makes the host drop what it forwards; an accept in a table of our own could not undo that."""
    policy = subprocess_output(of.iptables, ["-w", "-S", "FORWARD"])
    if not policy.startswith("-P FORWARD DROP"):
        return
    for rule in _forward_rules(bridge):
        if _run(of.iptables, ["-w", *rule[:2], "-C", *rule[2:]]) != "":
            _run(of.iptables, ["-w", *rule[:2], "-I", *rule[2:]])


def _nat_rule(network: Network) -> list[str]:
    """Table, then chain and match."""
    return ["-t", "nat", "POSTROUTING", "-s", str(network), "!", "-o", f"{BRIDGES}+", "-j", "MASQUERADE"]


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
