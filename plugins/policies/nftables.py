"""NetworkPolicies in nftables: one table of the cluster's own, replaced whole in one transaction. Blocking.

The table looks at what the host forwards: all that is between pods, and between pods and the outside, where bridges show
their packets to the kernel. What pods and their own host say to each other is let through, as Kubernetes wants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from sampan.core.contracts.policy import HIGHEST_PORT, EnforcerSettings, Guard, Opening
from sampan.core.host import nft
from sampan.plugins.proxies.nftables import available
from sampan.plugins.proxies.nftables.way import bridges_show_packets

CHAIN = "pass"
"""By which a table is known to be ours."""


def unavailable() -> str | None:
    """Why not here."""
    if reason := available.unavailable():
        return reason
    return None if bridges_show_packets() else "bridges do not show their packets to the kernel (br_netfilter)"


class NftablesEnforcer:
    """See `sampan.core.contracts.policy.PolicyEnforcer`."""

    def __init__(self, settings: EnforcerSettings) -> None:
        digest = sha256(str(settings.state_dir.absolute()).encode()).hexdigest()
        self.table = f"sampan-{digest[:12]}-guard"
        self._is_ours = False
        """That has been looked at."""

    def sync(self, guards: Sequence[Guard]) -> None:
        if not self._is_ours:
            nft.check_own("ip", self.table, CHAIN)
            self._is_ours = True
        # Also without a guard: the kernel follows connections only once a rule asks for it, and those that are open when
        # the first policy comes are to last.
        nft.run(script(self.table, guards))

    def destroy(self) -> None:
        if not nft.is_foreign("ip", self.table, CHAIN):
            nft.delete_table("ip", self.table)


def script(table: str, guards: Sequence[Guard]) -> str:
    """Pure. A chain that is passed to its end drops; what it lets through comes back from it."""
    into = _map("into", "in", (guard.address for guard in guards if guard.ingress is not None))
    out = _map("out", "out", (guard.address for guard in guards if guard.egress is not None))
    return (
        f"add table ip {table}\ndelete table ip {table}\ntable ip {table} {{\n{''.join(_chains(guards))}{out}{into}"
        f"  chain {CHAIN} {{\n    type filter hook forward priority -10;\n    ct state established,related accept\n"
        "    ip saddr vmap @out\n    ip daddr vmap @into\n  }\n}\n"
    )


def _map(name: str, prefix: str, addresses: Iterable[str]) -> str:
    elements = ", ".join(f"{address} : jump {prefix}-{address}" for address in addresses)
    filled = f" elements = {{ {elements} }};" if elements else ""
    return f"  map {name} {{ type ipv4_addr : verdict;{filled} }}\n"


def _chains(guards: Sequence[Guard]) -> Iterator[str]:
    for guard in guards:
        for prefix, side, openings in (("in", "saddr", guard.ingress), ("out", "daddr", guard.egress)):
            if openings is not None:
                rules = "".join(f"    {_rule(side, opening)}\n" for opening in openings)
                yield f"  chain {prefix}-{guard.address} {{\n{rules}    drop\n  }}\n"


def _rule(side: str, opening: Opening) -> str:
    words = []
    if opening.ranges:
        words.append(f"ip {side} {{ {', '.join(opening.ranges)} }}")
    words += [f"ip {side} != {gap}" for gap in opening.gaps]
    if opening.protocol:
        words.append(f"meta l4proto {opening.protocol.lower()}")
        if (opening.first, opening.last) != (0, HIGHEST_PORT):
            words.append(f"th dport {opening.first}-{opening.last}")
    return " ".join([*words, "return"])
