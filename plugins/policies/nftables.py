"""NetworkPolicies in nftables: a table of the cluster's own for each IP family, replaced whole at once. Blocking.

The tables look at what the host forwards: all that is between pods, and between pods and the outside, where bridges show
their packets to the kernel. What pods and their own host say to each other is let through, as Kubernetes wants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from sampan.core.contracts.policy import HIGHEST_PORT, EnforcerSettings, Guard, Opening
from sampan.core.host import nft
from sampan.core.host.netlink import HostNetworkError
from sampan.core.ip import IPV4, IPV6, Family, family, family_of
from sampan.plugins.proxies.nftables import available
from sampan.plugins.proxies.nftables.rules import word
from sampan.plugins.proxies.nftables.way import bridges_show_packets

CHAIN = "pass"
"""By which a table is known to be ours."""

NEIGHBOURS = """\
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip6 saddr fe80::/10 drop
    ip6 daddr fe80::/10 drop
"""
"""Pods of one bridge find each other by the first two, which pass here as whatever they send. Nobody is told of their
link-local addresses, so no guard knows them: what comes by these would get past it."""


def unavailable() -> str | None:
    """Why not here."""
    if reason := available.unavailable():
        return reason
    return None if bridges_show_packets() else "bridges do not show their packets to the kernel (br_netfilter)"


class NftablesEnforcer:
    """See `sampan.core.contracts.policy.PolicyEnforcer`."""

    def __init__(self, settings: EnforcerSettings) -> None:
        self._families = [family(name) for name in settings.families]
        digest = sha256(str(settings.state_dir.absolute()).encode()).hexdigest()
        self.table = f"sampan-{digest[:12]}-guard"
        self._is_ours = False
        """That has been looked at."""

    def sync(self, guards: Sequence[Guard]) -> None:
        if not self._is_ours:
            for each in self._families:
                nft.check_own(each.nft, self.table, CHAIN)
            self._is_ours = True
        # Also without a guard: the kernel follows connections only once a rule asks for it, and those that are open when
        # the first policy comes are to last.
        try:
            wanted = "".join(script(self.table, guards, each) for each in self._families)
        except ValueError as exc:
            raise HostNetworkError(f"a policy is for no address: {exc}") from exc
        nft.run(wanted)

    def destroy(self) -> None:
        for each in self._families:
            if not nft.is_foreign(each.nft, self.table, CHAIN):
                nft.delete_table(each.nft, self.table)


def script(table: str, guards: Sequence[Guard], of: Family = IPV4) -> str:
    """The family's table. Pure. A chain that is passed to its end drops; what it lets through comes back from it."""
    ip, own = of.nft, [guard for guard in guards if family_of(guard.address) is of]
    into = _map("into", "in", of, (guard.address for guard in own if guard.ingress is not None))
    out = _map("out", "out", of, (guard.address for guard in own if guard.egress is not None))
    found = NEIGHBOURS if of is IPV6 else ""
    return (
        f"add table {ip} {table}\ndelete table {ip} {table}\ntable {ip} {table} {{\n{''.join(_chains(own, ip))}{out}{into}"
        f"  chain {CHAIN} {{\n    type filter hook forward priority -10;\n    ct state established,related accept\n{found}"
        f"    {ip} saddr vmap @out\n    {ip} daddr vmap @into\n  }}\n}}\n"
    )


def _map(name: str, prefix: str, of: Family, addresses: Iterable[str]) -> str:
    elements = ", ".join(f"{address} : jump {prefix}-{word(address)}" for address in addresses)
    filled = f" elements = {{ {elements} }};" if elements else ""
    return f"  map {name} {{ type ipv{of.version}_addr : verdict;{filled} }}\n"


def _chains(guards: Sequence[Guard], ip: str) -> Iterator[str]:
    for guard in guards:
        for prefix, side, openings in (("in", "saddr", guard.ingress), ("out", "daddr", guard.egress)):
            if openings is not None:
                rules = "".join(f"    {_rule(f'{ip} {side}', opening)}\n" for opening in openings)
                yield f"  chain {prefix}-{word(guard.address)} {{\n{rules}    drop\n  }}\n"


def _rule(side: str, opening: Opening) -> str:
    words = []
    if opening.ranges:
        words.append(f"{side} {{ {', '.join(opening.ranges)} }}")
    words += [f"{side} != {gap}" for gap in opening.gaps]
    if opening.protocol:
        words.append(f"meta l4proto {opening.protocol.lower()}")
        if (opening.first, opening.last) != (0, HIGHEST_PORT):
            words.append(f"th dport {opening.first}-{opening.last}")
    return " ".join([*words, "return"])
