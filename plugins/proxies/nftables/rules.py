"""From what is to be served to nftables' words, and from one state to the next. Pure.

One table. Maps lead from an address and port to the chain of a service port, so that a packet costs the same however many
services there are; a chain has one rule that takes the endpoints in turn. Addresses without endpoints are in a set that
refuses. https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables tells of kube-proxy's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from hashlib import sha256

import attrs

from sampan.core.contracts.proxy import Endpoint, ServicePort

ANY_ADDRESS = "0.0.0.0"
OURS = 0x00200000
"""The bit of a connection's mark that says that a service address was asked for."""


@attrs.frozen(kw_only=True)
class Piece:
    """What one service port has in the table. Equal pieces need no change."""

    chain: str = ""
    """Empty where there are no endpoints."""
    rules: tuple[str, ...] = ()
    sticky: tuple[tuple[str, str], ...] = ()
    """Chains of single endpoints with a memory of their clients: (name, its only rule)."""
    seconds: int = 0
    element: tuple[str, str] = ("", "")
    """(map or set, element)."""
    endpoints: tuple[str, ...] = ()
    """Addresses that may ask themselves."""


def base(table: str, service_cidr: str, *, masquerade_all: bool) -> str:
    """The table without any service; what was in one of its name goes in the same moment."""
    service = "type ipv4_addr . inet_proto . inet_service"
    masquerade = f"ct mark & {OURS:#x} != 0 masquerade" if masquerade_all else ""
    return f"""\
add table ip {table}
delete table ip {table}
table ip {table} {{
  map services {{ {service} : verdict; }}
  map nodeports {{ type inet_proto . inet_service : verdict; }}
  set refused {{ {service}; }}
  set itself {{ type ipv4_addr . ipv4_addr; }}
  chain refuse {{
    ip daddr . meta l4proto . th dport @refused meta l4proto tcp reject with tcp reset
    ip daddr . meta l4proto . th dport @refused reject
  }}
  chain refuse-in {{ type filter hook prerouting priority -110; jump refuse; }}
  chain refuse-out {{ type filter hook output priority -110; jump refuse; }}
  chain find {{
    ip daddr . meta l4proto . th dport vmap @services
    fib daddr type local ip daddr != 127.0.0.0/8 ip daddr != {service_cidr} meta l4proto . th dport vmap @nodeports
  }}
  chain in {{ type nat hook prerouting priority -100; jump find; }}
  chain out {{ type nat hook output priority -100; jump find; }}
  chain leave {{
    type nat hook postrouting priority 100;
    ip saddr . ip daddr @itself masquerade
    oifname != "lo" ip saddr {service_cidr} masquerade
    {masquerade}
  }}
}}
"""


def pieces(desired: Iterable[ServicePort]) -> dict[str, Piece]:
    """By a name of their own."""
    return {name_of(service): _piece(service) for service in desired}


def difference(
    table: str, before: Mapping[str, Piece], after: Mapping[str, Piece], selves: tuple[Set[str], Set[str]] | None = None
) -> str:
    """The script from one state to the other: as long as what differs.

    Either may hold only what has changed; then ``selves`` are the addresses of all endpoints that have left, and come.
    """
    gone = [before[name] for name in before if before[name] != after.get(name)]
    come = [after[name] for name in after if after[name] != before.get(name)]
    left, new = selves or _changed(_selves(before.values()), _selves(after.values()))
    lines = [*_elements("delete", table, [(kind, element) for kind, element in (each.element for each in gone)])]
    for piece in gone:
        lines += _without(table, piece)
    for piece in come:
        lines += _with(table, piece)
    lines += _elements("add", table, [_led(piece) for piece in come])
    lines += _elements("delete", table, [("itself", f"{ip} . {ip}") for ip in sorted(left)])
    lines += _elements("add", table, [("itself", f"{ip} . {ip}") for ip in sorted(new)])
    return "".join(f"{line}\n" for line in lines)


def _changed(before: Set[str], after: Set[str]) -> tuple[Set[str], Set[str]]:
    return before - after, after - before


def _elements(verb: str, table: str, some: Iterable[tuple[str, str]]) -> Iterator[str]:
    """One line for each map or set: nft reads a map anew for every line about it."""
    by_kind: dict[str, list[str]] = {}
    for kind, element in some:
        by_kind.setdefault(kind, []).append(element)
    for kind, elements in by_kind.items():
        yield f"{verb} element ip {table} {kind} {{ {', '.join(elements)} }}"


def _led(piece: Piece) -> tuple[str, str]:
    kind, element = piece.element
    return kind, f"{element} : goto {piece.chain}" if piece.chain else element


def _with(table: str, piece: Piece) -> Iterator[str]:
    for name, rule in piece.sticky:
        yield (
            f"add set ip {table} {name} {{ type ipv4_addr; flags dynamic,timeout; timeout {piece.seconds}s;"
            " size 65536; }"
        )
        yield f"add chain ip {table} {name}"
        yield f"add rule ip {table} {name} {rule}"
    if piece.chain:
        yield f"add chain ip {table} {piece.chain}"
    for rule in piece.rules:
        yield f"add rule ip {table} {piece.chain} {rule}"


def _without(table: str, piece: Piece) -> Iterator[str]:
    if piece.chain:
        yield f"flush chain ip {table} {piece.chain}"
        yield f"delete chain ip {table} {piece.chain}"
    for name, _ in piece.sticky:
        yield f"flush chain ip {table} {name}"
        yield f"delete chain ip {table} {name}"
        yield f"delete set ip {table} {name}"


def _piece(service: ServicePort) -> Piece:
    proto = service.protocol.lower()
    is_node_port = service.ip == ANY_ADDRESS
    address = f"{proto} . {service.port}" if is_node_port else f"{service.ip} . {proto} . {service.port}"
    if not service.endpoints and is_node_port:
        # Nothing of ours leads there, and where no program of the host listens the kernel refuses by itself.
        return Piece(chain=f"n-{name_of(service)}", rules=("return",), element=("nodeports", address))
    if not service.endpoints:
        return Piece(element=("refused", address))
    chain = f"s-{name_of(service)}"
    marked = f"meta l4proto {proto} ct mark set ct mark or {OURS:#x}"
    rules = [f"ip saddr != {{ {', '.join(service.sources)} }} drop"] if service.sources else []
    sticky: list[tuple[str, str]] = []
    if service.affinity_seconds:
        sticky = [_sticky(chain, endpoint, marked) for endpoint in service.endpoints]
        rules += [f"ip saddr @{name} goto {name}" for name, _ in sticky]
        turns = ", ".join(f"{turn} : goto {name}" for turn, (name, _) in enumerate(sticky))
        rules.append(f"numgen inc mod {len(sticky)} vmap {{ {turns} }}")
    else:
        rules.append(f"{marked} dnat ip to {_in_turn(service.endpoints)}")
    return Piece(
        chain=chain,
        rules=tuple(rules),
        sticky=tuple(sticky),
        seconds=service.affinity_seconds,
        element=("nodeports" if is_node_port else "services", address),
        endpoints=tuple(sorted({endpoint.ip for endpoint in service.endpoints})),
    )


def _in_turn(endpoints: Sequence[Endpoint]) -> str:
    turns = ", ".join(f"{turn} : {endpoint.ip} . {endpoint.port}" for turn, endpoint in enumerate(endpoints))
    return f"numgen inc mod {len(endpoints)} map {{ {turns} }}"


def _sticky(chain: str, endpoint: Endpoint, marked: str) -> tuple[str, str]:
    name = f"{chain}-{endpoint.ip}-{endpoint.port}"
    return name, f"{marked} update @{name} {{ ip saddr }} dnat ip to {endpoint.ip}:{endpoint.port}"


def name_of(service: ServicePort) -> str:
    return f"{service.protocol.lower()}-{service.ip}-{service.port}"


def _selves(some: Iterable[Piece]) -> set[str]:
    return {ip for piece in some for ip in piece.endpoints}


def table_name(state_dir: str) -> str:
    """One per cluster of this machine, and none that anybody else would choose."""
    return f"sampan-{sha256(state_dir.encode()).hexdigest()[:12]}"
