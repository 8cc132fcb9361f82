"""The ``nftables`` proxy: the kernel leads connections to pods, and sampan only says where to.

What it has said stays when it ends: a restart, or a ``kill -9``, drops no connection and refuses none, and the next start
says everything anew in one transaction. Node ports on 127.0.0.1 are carried over by listeners, as the kernel does not let
packets from there out. Blocking; called by one thread.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from ipaddress import ip_address, ip_network

import attrs

from sampan.core.contracts.proxy import ProxyReport, ProxySettings, ServicePort
from sampan.core.host import nft
from sampan.core.host.netlink import HostNetworkError
from sampan.plugins.proxies import service_range
from sampan.plugins.proxies.nftables import flows
from sampan.plugins.proxies.nftables.listening import taken
from sampan.plugins.proxies.nftables.rules import ANY_ADDRESS, Piece, base, difference, name_of, pieces, table_name
from sampan.plugins.proxies.nftables.way import bridges_show_packets, close_way, let_answer_themselves, open_way
from sampan.plugins.proxies.userspace.proxy import UserspaceProxy

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
TAKEN = "another program listens on this port of the host: choose another one"
Key = tuple[str, str, int]


class NftablesProxy:
    """See `sampan.core.contracts.proxy.Proxy`."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._table = table_name(str(settings.state_dir.absolute()))
        self._served: Mapping[Key, ServicePort] = {}
        self._pieces: dict[str, Piece] | None = None
        """What is in the kernel; ``None`` where that is not known."""
        self._on_loopback = UserspaceProxy(settings)
        self._masquerade_all = False
        self._endpoints: Counter[str] = Counter()
        self._all: Set[Key] = frozenset()
        self._outside: dict[Key, ServicePort] = {}

    def service_cidr(self) -> str | None:
        return service_range.choose(self._settings.state_dir)

    def start(self) -> None:
        service_range.hold(self._settings.service_cidr)
        self._masquerade_all = not bridges_show_packets()
        if self._masquerade_all:
            self._settings.say("proxy: servers see this host in place of their clients (no br_netfilter)")
        open_way(self._table)

    def sync(self, desired: Sequence[ServicePort]) -> ProxyReport:
        everything = {service.key: service for service in desired}
        self._note_outside(everything)
        refused = [(each, TAKEN) for each in taken(self._outside.values())]
        left_out = {each.key for each, _ in refused}
        wanted = {key: each for key, each in everything.items() if each.ip != LOOPBACK and key not in left_out}
        changed = [each for key, each in wanted.items() if (old := self._served.get(key)) is not each and old != each]
        gone = [each for key, each in self._served.items() if key not in wanted]
        failures = self._say(wanted, gone, changed)
        self._forget_flows(gone, changed, wanted)
        self._served = wanted
        return ProxyReport(failures=(*failures, *refused, *self._serve_loopback(everything)))

    def _say(
        self, wanted: Mapping[Key, ServicePort], gone: Sequence[ServicePort], changed: Sequence[ServicePort]
    ) -> tuple[tuple[ServicePort, str], ...]:
        """Tell the kernel what has changed; everything, where it is not known what it has."""
        if self._pieces is None:
            return self._say_all(wanted)
        new = pieces(changed)
        old = {name: self._pieces[name] for each in gone if (name := name_of(each)) in self._pieces}
        old |= {name: self._pieces[name] for name in new if name in self._pieces}
        after = self._endpoints - Counter(ip for piece in old.values() for ip in piece.endpoints)
        after += Counter(ip for piece in new.values() for ip in piece.endpoints)
        selves = self._endpoints.keys() - after.keys(), after.keys() - self._endpoints.keys()
        try:
            if script := difference(self._table, old, new, selves):
                nft.run(script)
        except HostNetworkError as exc:
            return self._one_by_one(wanted, str(exc))
        for name in old:
            del self._pieces[name]
        self._pieces |= new
        self._endpoints = after
        let_answer_themselves(selves[1])
        return ()

    def _say_all(self, wanted: Mapping[Key, ServicePort]) -> tuple[tuple[ServicePort, str], ...]:
        after = pieces(wanted.values())
        try:
            nft.run(self._base() + difference(self._table, {}, after))
        except HostNetworkError as exc:
            return self._one_by_one(wanted, str(exc))
        self._pieces = after
        self._count_endpoints()
        return ()

    def _count_endpoints(self) -> None:
        """How many service ports lead to each address."""
        self._endpoints = Counter(ip for piece in (self._pieces or {}).values() for ip in piece.endpoints)
        let_answer_themselves(self._endpoints)

    def _note_outside(self, everything: Mapping[Key, ServicePort]) -> None:
        """Which are at addresses that are not the cluster's own: only of new ones has to be found out."""
        known = {key: each for key, each in everything.items() if key in self._outside}
        new = {key: each for key, each in everything.items() if key not in self._all and self._is_outside(each)}
        self._outside = known | new
        self._all = everything.keys()

    def destroy(self) -> None:
        self.close()
        nft.delete_table("ip", self._table)
        close_way(self._table)
        service_range.release(self._settings.service_cidr, self._settings.state_dir)

    def close(self) -> None:
        """The kernel goes on with what it was told."""
        self._on_loopback.close()

    def _base(self) -> str:
        return base(self._table, self._settings.service_cidr, masquerade_all=self._masquerade_all)

    def _one_by_one(self, wanted: Mapping[Key, ServicePort], said: str) -> tuple[tuple[ServicePort, str], ...]:
        """All were refused for one of them: begin anew, and leave out those that the kernel refuses."""
        log.warning("the kernel has refused a change of services (%s): they are set up one by one", said)
        failures = []
        self._pieces = {}
        nft.run(self._base())
        for service in wanted.values():
            piece = pieces([service])
            try:
                nft.run(difference(self._table, {}, piece))
                self._pieces |= piece
            except HostNetworkError as exc:
                failures.append((service, str(exc)))
        self._count_endpoints()
        return tuple(failures)

    def _serve_loopback(self, wanted: Mapping[Key, ServicePort]) -> list[tuple[ServicePort, str]]:
        """Node ports on 127.0.0.1; a port that a program holds there is told, and works on the other addresses."""
        ports = [each for each in wanted.values() if each.ip in (ANY_ADDRESS, LOOPBACK) and each.protocol != "SCTP"]
        report = self._on_loopback.sync([attrs.evolve(each, ip=LOOPBACK) for each in ports])
        whose = {(each.protocol, each.port): each for each in ports}
        return [(whose[failed.protocol, failed.port], why) for failed, why in report.failures]

    def _is_outside(self, service: ServicePort) -> bool:
        """At an address that is not the cluster's own."""
        if service.ip in (ANY_ADDRESS, LOOPBACK):
            return False
        return ip_address(service.ip) not in ip_network(self._settings.service_cidr)

    def _forget_flows(
        self, gone: Sequence[ServicePort], changed: Sequence[ServicePort], wanted: Mapping[Key, ServicePort]
    ) -> None:
        before = {each.key: each for each in gone} | {
            each.key: self._served[each.key] for each in changed if each.key in self._served
        }
        stale = flows.stale(before, {each.key: each for each in changed})
        if stale:
            try:
                flows.forget(stale, wanted)
            except Exception as exc:  # a kernel without conntrack over netlink: flows end by their own time
                log.warning("UDP flows to endpoints that have left cannot be ended: %s", exc)
