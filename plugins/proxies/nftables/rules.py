"""From what is to be served to nftables' words, and from one state to the next. Pure.

One table for each IP family, of the same name and in the same script. A map leads from an address and port to a chain that
takes one of so many endpoints by chance, and another from address, port and turn to the endpoint: so a packet costs the
same however many services there are, and a change is a few elements of maps. (Where each service has a chain of its own,
nft reads all of them before it changes one.) Only a service that remembers its clients, or asks where they come from, has
chains of its own. Addresses without endpoints are in a set that refuses.
https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables tells of kube-proxy's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from hashlib import sha256

from sampan.core.classes import frozen
from sampan.core.contracts.proxy import Endpoint, ServicePort
from sampan.core.ip import IPV4, Family, Network, family_of, host_port, networks

OURS = 0x00200000
"""The bit of a connection's mark that says that a service address was asked for."""

CHAIN = "find"
"""By which a table is known to be ours."""
FIRST = -101
"""Just ahead of the place that engines take: where a connection is led to a pod, their rules are not asked about it."""
MARK = f"ct mark set ct mark or {OURS:#x}"
TURNS, ITSELF, FAR = "turns", "itself", "far"
TRANSPORTS = ("tcp", "udp", "sctp")
Shared = tuple[str, str, str]
"""What several pieces need, by nftables' family, kind and name: a chain of ``turns``, who may ask ``itself``, or an address
that is ``far``, so that its answers do not come by themselves to the host's own address among the services'."""


@frozen(kw_only=True)
class Piece:
    """What one service port has in its family's table. Equal pieces need no change."""

    family: Family = IPV4
    elements: tuple[tuple[str, str, str], ...]
    """(map or set, key, value); those of a set have no value."""
    chain: str = ""
    """Its own; empty where it needs none."""
    rules: tuple[str, ...] = ()
    sticky: tuple[tuple[str, str], ...] = ()
    """Chains of single endpoints with a memory of their clients: (name, its only rule)."""
    seconds: int = 0
    shared: tuple[Shared, ...] = ()

    def table(self, name: str) -> str:
        """As nft is to be told of it."""
        return f"{self.family.nft} {name}"


def base(table: str, service_cidr: str, *, masquerade_all: bool) -> str:
    """A table for each family without any service; what was in one of its name goes in the same moment."""
    return "".join(_base(table, each, masquerade_all=masquerade_all) for each in networks(service_cidr))


def _base(table: str, service_cidr: Network, *, masquerade_all: bool) -> str:
    family = family_of(service_cidr)
    ip, address = family.nft, f"ipv{family.version}_addr"
    itself = "127.0.0.0/8" if family is IPV4 else family.loopback
    service = f"type {address} . inet_proto . inet_service"
    masquerade = "masquerade" if masquerade_all else ""
    # Connections that are open go on when the last endpoint leaves, as in Kubernetes; and other packets are not looked at.
    refused = f"ct state new {ip} daddr . meta l4proto . th dport @refused goto refuse"
    # nft takes each transport's ports for a type of their own once it has read a map back.
    places = "\n".join(
        f"  map {kind}-{proto} {{ typeof {key} {proto} dport . numgen random mod 2 : {ip} daddr . {proto} dport; }}"
        for kind, key in (("services", f"{ip} daddr ."), ("nodeports", ""))
        for proto in TRANSPORTS
    )
    return f"""\
add table {ip} {table}
delete table {ip} {table}
table {ip} {table} {{
  map services {{ {service} : verdict; }}
  map nodeports {{ type inet_proto . inet_service : verdict; }}
{places}
  set refused {{ {service}; }}
  set itself {{ type {address} . {address}; }}
  set far {{ type {address}; }}
  chain refuse {{
    meta l4proto tcp reject with tcp reset
    reject
  }}
  chain refuse-in {{ type filter hook prerouting priority -110; {refused}; }}
  chain refuse-out {{ type filter hook output priority -110; {refused}; }}
  chain {CHAIN} {{
    {ip} daddr . meta l4proto . th dport vmap @services
    fib daddr type local {ip} daddr != {itself} {ip} daddr != {service_cidr} meta l4proto . th dport vmap @nodeports
  }}
  chain in {{ type nat hook prerouting priority {FIRST}; jump {CHAIN}; }}
  chain out {{ type nat hook output priority {FIRST}; jump {CHAIN}; }}
  chain leave {{
    type nat hook postrouting priority 100;
    ct mark & {OURS:#x} == 0 return
    {ip} saddr . {ip} daddr @itself masquerade
    {ip} saddr {service_cidr} oifname != "lo" {ip} daddr @far masquerade
    {masquerade}
  }}
}}
"""


def pieces(desired: Iterable[ServicePort]) -> dict[str, Piece]:
    """By a name of their own."""
    return {name_of(service): _piece(service) for service in desired}


def difference(
    table: str,
    before: Mapping[str, Piece],
    after: Mapping[str, Piece],
    shared: tuple[Set[Shared], Set[Shared]] | None = None,
) -> str:
    """The script from one state to the other: as long as what differs.

    Either may hold only what has changed; then ``shared`` is what no piece needs any more, and what is needed newly.
    """
    gone = {name: piece for name, piece in before.items() if piece != after.get(name)}
    come = {name: piece for name, piece in after.items() if piece != before.get(name)}
    left, new = shared or _changed(_shared(before.values()), _shared(after.values()))
    old_elements = {each[:3]: each for piece in gone.values() for each in _elements_of(piece)}
    new_elements = {each[:3]: each for piece in come.values() for each in _elements_of(piece)}
    lines = [*_elements("delete", table, [key for key, each in old_elements.items() if each != new_elements.get(key)])]
    for name, piece in gone.items():
        lines += _without(piece.table(table), piece, after.get(name))
    for family, kind, name in sorted(left):
        if kind == TURNS:
            lines += [f"flush chain {family} {table} {name}", f"delete chain {family} {table} {name}"]
    for family, kind, name in sorted(new):
        if kind == TURNS:
            lines += [f"add chain {family} {table} {name}", f"add rule {family} {table} {name} {_turns(family, name)}"]
    for name, piece in come.items():
        lines += _with(piece.table(table), piece, before.get(name))
    fresh = [each for key, each in new_elements.items() if each != old_elements.get(key)]
    lines += _elements("add", table, [(*place, f"{key} : {value}" if value else key) for *place, key, value in fresh])
    lines += _elements("delete", table, [each for each in sorted(left) if each[1] != TURNS])
    lines += _elements("add", table, [each for each in sorted(new) if each[1] != TURNS])
    return "".join(f"{line}\n" for line in lines)


def _changed(before: Set[Shared], after: Set[Shared]) -> tuple[Set[Shared], Set[Shared]]:
    return before - after, after - before


def selves(some: Iterable[Shared]) -> list[str]:
    """The addresses among what is shared: those that may ask themselves."""
    return [name.partition(" ")[0] for _, kind, name in some if kind == ITSELF]


def _shared(some: Iterable[Piece]) -> set[Shared]:
    return {each for piece in some for each in piece.shared}


def _elements_of(piece: Piece) -> Iterator[tuple[str, str, str, str]]:
    """(nftables' family, map or set, key, value)."""
    return ((piece.family.nft, *each) for each in piece.elements)


def _elements(verb: str, table: str, some: Iterable[Sequence[str]]) -> Iterator[str]:
    """(family, map or set, element): one line for each map or set, as nft reads a map anew for every line about it."""
    by_kind: dict[tuple[str, str], list[str]] = {}
    for family, kind, element in some:
        by_kind.setdefault((family, kind), []).append(element)
    for (family, kind), elements in by_kind.items():
        yield f"{verb} element {family} {table} {kind} {{ {', '.join(elements)} }}"


def _memories(piece: Piece | None) -> Set[tuple[str, int]]:
    """Of its clients: they last for as long as the endpoint is there and the time-out is the same."""
    return {(name, piece.seconds) for name, _ in piece.sticky} if piece is not None else set()


def _with(table: str, piece: Piece, before: Piece | None) -> Iterator[str]:
    there = _memories(before)
    for name, rule in piece.sticky:
        if (name, piece.seconds) in there:
            continue
        yield (
            f"add set {table} {name} {{ type ipv{piece.family.version}_addr; flags dynamic,timeout;"
            f" timeout {piece.seconds}s; size 65536; }}"
        )
        yield f"add chain {table} {name}"
        yield f"add rule {table} {name} {rule}"
    if piece.chain:
        yield f"add chain {table} {piece.chain}"
    for rule in piece.rules:
        yield f"add rule {table} {piece.chain} {rule}"


def _without(table: str, piece: Piece, after: Piece | None) -> Iterator[str]:
    stays = _memories(after)
    if piece.chain:
        yield f"flush chain {table} {piece.chain}"
        if after is None or after.chain != piece.chain:  # else it may be led to at this moment
            yield f"delete chain {table} {piece.chain}"
    for name, _ in piece.sticky:
        if (name, piece.seconds) in stays:
            continue
        yield f"flush chain {table} {name}"
        yield f"delete chain {table} {name}"
        yield f"delete set {table} {name}"


def _piece(service: ServicePort) -> Piece:
    proto, family = service.protocol.lower(), service.family
    is_node_port = service.ip == family.any_address
    kind = "nodeports" if is_node_port else "services"
    address = f"{proto} . {service.port}" if is_node_port else f"{service.ip} . {proto} . {service.port}"
    count = len(service.endpoints)
    if not count:
        # Nothing of ours leads to such a node port, and where no program of the host listens the kernel refuses by itself.
        elements = ((kind, address, "return"),) if is_node_port else (("refused", address, ""),)
        return Piece(family=family, elements=elements)
    own = (
        *((family.nft, ITSELF, f"{ip} . {ip}") for ip in sorted({each.ip for each in service.endpoints})),
        *((family.nft, FAR, ip) for ip in sorted({each.ip for each in service.endpoints if not each.here})),
    )
    chain = f"s-{name_of(service)}"
    rules = [f"{family.nft} saddr != {{ {', '.join(service.sources)} }} drop"] if service.sources else []
    if service.affinity_seconds:
        marked = f"meta l4proto {proto} {MARK}"
        sticky = [_sticky(chain, endpoint, marked, family) for endpoint in service.endpoints]
        rules += [f"{family.nft} saddr @{name} goto {name}" for name, _ in sticky]
        turns = ", ".join(f"{turn} : goto {name}" for turn, (name, _) in enumerate(sticky))
        rules.append(f"numgen random mod {count} vmap {{ {turns} }}")
        return Piece(
            family=family,
            elements=((kind, address, f"goto {chain}"),),
            chain=chain,
            rules=tuple(rules),
            sticky=tuple(sticky),
            seconds=service.affinity_seconds,
            shared=own,
        )
    turns = f"{kind}-{proto}-{count}"
    place = f"{service.port}" if is_node_port else f"{service.ip} . {service.port}"
    targets = [
        (f"{kind}-{proto}", f"{place} . {turn}", f"{each.ip} . {each.port}")
        for turn, each in enumerate(service.endpoints)
    ]
    return Piece(
        family=family,
        elements=((kind, address, f"goto {chain if rules else turns}"), *targets),
        chain=chain if rules else "",
        rules=(*rules, f"goto {turns}") if rules else (),
        shared=(*own, (family.nft, TURNS, turns)),
    )


def _turns(ip: str, chain: str) -> str:
    """The rule that takes one of the endpoints by chance, for all services that have as many."""
    kind, proto, count = chain.split("-")
    key = f"{proto} dport" if kind == "nodeports" else f"{ip} daddr . {proto} dport"
    return f"meta l4proto {proto} {MARK} dnat {ip} to {key} . numgen random mod {count} map @{kind}-{proto}"


def _sticky(chain: str, endpoint: Endpoint, marked: str, family: Family) -> tuple[str, str]:
    name, ip = f"{chain}-{word(endpoint.ip)}-{endpoint.port}", family.nft
    return name, f"{marked} update @{name} {{ {ip} saddr }} dnat {ip} to {host_port(endpoint.ip, endpoint.port)}"


def name_of(service: ServicePort) -> str:
    return f"{service.protocol.lower()}-{word(service.ip)}-{service.port}"


def word(address: str) -> str:
    """The address as a part of a name in nftables."""
    return address.replace(":", "_")


def table_name(state_dir: str) -> str:
    """One per cluster of this machine, and none that anybody else would choose."""
    return f"sampan-{sha256(state_dir.encode()).hexdigest()[:12]}"
