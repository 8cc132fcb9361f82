"""The ``nftables`` proxy: the kernel leads connections to pods, and sampan only says where to.

What it has said stays when it ends: a restart, or a ``kill -9``, drops no connection and refuses none, and the next start
says everything anew in one transaction. Node ports on loopback (127.0.0.1 and ::1) are carried over by listeners, as the
kernel does not let packets from there out. Blocking; called by one thread.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import ip_address

import attrs

from sampan.core.contracts.proxy import ProxyReport, ProxySettings, ServicePort
from sampan.core.errors import ConfigError
from sampan.core.host import nft
from sampan.core.host.netlink import HostNetworkError
from sampan.core.ip import families_of, networks
from sampan.plugins.proxies import service_range
from sampan.plugins.proxies.nftables import flows
from sampan.plugins.proxies.nftables.available import unavailable
from sampan.plugins.proxies.nftables.listening import taken
from sampan.plugins.proxies.nftables.rules import (
    CHAIN,
    Piece,
    Shared,
    base,
    difference,
    name_of,
    pieces,
    selves,
    table_name,
)
from sampan.plugins.proxies.nftables.way import bridges_show_packets, close_way, let_answer_themselves, open_way
from sampan.plugins.proxies.userspace.proxy import UserspaceProxy

log = logging.getLogger(__name__)

TAKEN = "another program listens on this port of the host: choose another one"
Key = tuple[str, str, int]


class NftablesProxy:
    """See `sampan.core.contracts.proxy.Proxy`."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._table = table_name(str(settings.state_dir.absolute()))
        self._ranges = networks(settings.service_cidr)
        self._families = families_of(settings.service_cidr)
        self._desired: dict[Key, ServicePort] = {}
        self._served: dict[Key, ServicePort] = {}
        """Of the desired those that the kernel has taken."""
        self._pieces: dict[str, Piece] | None = None
        """What is in the kernel; ``None`` where that is not known."""
        self._shared: Counter[Shared] = Counter()
        """How many pieces need each of what they share."""
        self._on_loopback = UserspaceProxy(settings)
        self._masquerade_all = False

    def service_cidr(self) -> str | None:
        return service_range.choose(self._settings)

    def start(self) -> None:
        if len(self._families) > 1 and (reason := unavailable(self._families)):
            raise ConfigError(f"the proxy nftables cannot serve both IP families here: {reason}")
        for family in self._families:
            nft.check_own(family.nft, self._table, CHAIN)
        service_range.hold(self._settings.service_cidr)
        self._masquerade_all = not bridges_show_packets(self._families)
        if self._masquerade_all:
            self._settings.say("proxy: servers see this host in place of their clients (no br_netfilter)")
        open_way(self._table, self._families)

    def sync(self, desired: Sequence[ServicePort]) -> ProxyReport:
        wanted = {service.key: service for service in desired}
        gone = [each for key, each in self._desired.items() if key not in wanted]
        # What lies outside may have come to be in a program's way, or no longer be, without having changed.
        come = [each for key, each in wanted.items() if self._served.get(key) != each or self._is_outside(each)]
        self._desired = wanted
        failures = self._in_kernel(come, gone)
        on_loopback = self._on_loopback.sync(_on_loopback(wanted.values()))
        return ProxyReport(failures=(*failures, *self._as_desired(on_loopback)))

    def change(self, come: Sequence[ServicePort], gone: Sequence[ServicePort]) -> ProxyReport:
        for each in gone:
            self._desired.pop(each.key, None)
        self._desired.update({each.key: each for each in come})
        failures = self._in_kernel(come, gone)
        on_loopback = self._on_loopback.change(_on_loopback(come), _on_loopback(gone))
        return ProxyReport(failures=(*failures, *self._as_desired(on_loopback)))

    def _in_kernel(self, come: Sequence[ServicePort], gone: Sequence[ServicePort]) -> Sequence[tuple[ServicePort, str]]:
        refused = taken([each for each in come if self._is_outside(each)])
        left_out = {each.key for each in refused}
        changed = {
            each.key: each
            for each in come
            if each.ip != each.family.loopback and each.key not in left_out and self._served.get(each.key) != each
        }
        departed = [self._served[key] for key in (*(each.key for each in gone), *left_out) if key in self._served]
        before = {each.key: each for each in departed}
        before |= {key: self._served[key] for key in changed if key in self._served}
        for each in departed:
            del self._served[each.key]
        self._served.update(changed)
        failures = self._say(changed.values(), departed)
        for each, _ in failures:
            del self._served[each.key]
        self._forget_flows(before, changed)
        return [*failures, *((each, TAKEN) for each in refused)]

    def _say(
        self, changed: Collection[ServicePort], departed: Collection[ServicePort]
    ) -> Sequence[tuple[ServicePort, str]]:
        """Tell the kernel what has changed; everything, where it is not known what it has."""
        if self._pieces is None:
            return self._say_all()
        new = pieces(changed)
        old = {name: self._pieces[name] for each in departed if (name := name_of(each)) in self._pieces}
        old |= {name: self._pieces[name] for name in new if name in self._pieces}
        left, needed = self._sharing(old.values(), new.values())
        try:
            if script := difference(self._table, old, new, (left, needed)):
                nft.run(script)
        except HostNetworkError as exc:
            self._sharing(new.values(), old.values())
            return self._one_by_one(str(exc))
        for name in old:
            del self._pieces[name]
        self._pieces |= new
        let_answer_themselves(selves(needed))
        return ()

    def _say_all(self) -> Sequence[tuple[ServicePort, str]]:
        after = pieces(self._served.values())
        try:
            nft.run(self._base() + difference(self._table, {}, after))
        except HostNetworkError as exc:
            return self._one_by_one(str(exc))
        self._has(after)
        return ()

    def _has(self, some: dict[str, Piece]) -> None:
        """All that the kernel has."""
        self._pieces, self._shared = some, Counter()
        _, needed = self._sharing((), some.values())
        let_answer_themselves(selves(needed))

    def _sharing(self, old: Iterable[Piece], new: Iterable[Piece]) -> tuple[set[Shared], set[Shared]]:
        """Count who needs what: what nobody does any more, and what somebody does newly."""
        fewer = Counter(each for piece in old for each in piece.shared)
        more = Counter(each for piece in new for each in piece.shared)
        concerned = fewer.keys() | more.keys()
        before = {each for each in concerned if each in self._shared}
        for each in concerned:
            self._shared[each] += more[each] - fewer[each]
            if not self._shared[each]:
                del self._shared[each]
        after = {each for each in concerned if each in self._shared}
        return before - after, after - before

    def destroy(self) -> None:
        self.close()
        for family in self._families:
            if not nft.is_foreign(family.nft, self._table, CHAIN):
                nft.delete_table(family.nft, self._table)
        close_way(self._table, self._families)
        service_range.release(self._settings)

    def close(self) -> None:
        """The kernel goes on with what it was told."""
        self._on_loopback.close()

    def _base(self) -> str:
        return base(self._table, self._settings.service_cidr, masquerade_all=self._masquerade_all)

    def _one_by_one(self, said: str) -> Sequence[tuple[ServicePort, str]]:
        """All were refused for one of them: begin anew, and leave out those that the kernel refuses."""
        log.warning("the kernel has refused a change of services (%s): they are set up one by one", said)
        failures = []
        there: dict[str, Piece] = {}
        shared: set[Shared] = set()
        nft.run(self._base())
        for service in self._served.values():
            piece = pieces([service])
            needed = {each for one in piece.values() for each in one.shared} - shared
            try:
                nft.run(difference(self._table, {}, piece, (set(), needed)))
            except HostNetworkError as exc:
                failures.append((service, str(exc)))
                continue
            there |= piece
            shared |= needed
        self._has(there)
        return failures

    def _as_desired(self, report: ProxyReport) -> list[tuple[ServicePort, str]]:
        """A port that a program holds on loopback is told, and works on the other addresses."""
        found = []
        for failed, why in report.failures:
            places = (failed.family.any_address, failed.family.loopback)
            keys = [(failed.protocol, ip, failed.port) for ip in places]
            found += [(self._desired[key], why) for key in keys if key in self._desired][:1]
        return found

    def _is_outside(self, service: ServicePort) -> bool:
        """At an address that is not the cluster's own."""
        if service.ip in (service.family.any_address, service.family.loopback):
            return False
        address = ip_address(service.ip)
        return not any(address in network for network in self._ranges)

    def _forget_flows(self, before: Mapping[Key, ServicePort], after: Mapping[Key, ServicePort]) -> None:
        if stale := flows.stale(before, after):
            try:
                flows.forget(stale, after)
            except Exception as exc:  # a kernel without conntrack over netlink: flows end by their own time
                log.warning("UDP flows to endpoints that have left cannot be ended: %s", exc)


def _on_loopback(some: Iterable[ServicePort]) -> list[ServicePort]:
    """Node ports, and what a load balancer shows to this host, at 127.0.0.1 and ::1."""
    return [
        attrs.evolve(each, ip=each.family.loopback)
        for each in some
        if each.ip in (each.family.any_address, each.family.loopback) and each.protocol != "SCTP"
    ]
