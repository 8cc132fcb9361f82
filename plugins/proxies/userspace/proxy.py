"""The ``userspace`` proxy: a listener for every service port.

As root, one ``local`` route makes the whole service range this host's own, so that a listener can bind any address in it
and pods reach it through their gateway: no address to add per service, no rule to leave behind. Without root, service
addresses lie in 127.0.0.0/8, which is the host's own already (and which pods with a network of their own cannot reach).
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from ipaddress import ip_address

from sampan.core.contracts.proxy import ProxyReport, ProxySettings, ServicePort
from sampan.core.host.capabilities import is_network_admin
from sampan.core.ip import IPV6, host_port, networks
from sampan.core.services.loop_thread import LoopThread
from sampan.plugins.balancers.round_robin import RoundRobin
from sampan.plugins.proxies import service_range
from sampan.plugins.proxies.userspace.candidates import Candidates
from sampan.plugins.proxies.userspace.seats import Seats
from sampan.plugins.proxies.userspace.tcp import TcpListener
from sampan.plugins.proxies.userspace.udp import UdpListener

LOOPBACK_SERVICE_CIDR = "127.96.0.0/16"
Key = tuple[str, str, int]
Listener = TcpListener | UdpListener


class UserspaceProxy:
    """See `sampan.core.contracts.proxy.Proxy`."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._ranges = networks(settings.service_cidr)
        self._make_balancer = settings.balancer or RoundRobin
        self._thread = LoopThread(f"proxy-{settings.cluster}")
        self._served: dict[Key, ServicePort] = {}
        """What needs no look until it changes."""
        self._candidates: dict[Key, Candidates] = {}
        self._listeners: dict[Key, Listener] = {}
        self._seats = Seats()

    def service_cidr(self) -> str | None:
        if not is_network_admin():
            return LOOPBACK_SERVICE_CIDR
        return service_range.choose(self._settings)

    def start(self) -> None:
        cidr = self._settings.service_cidr
        if cidr.startswith("127."):
            self._settings.say(f"service addresses {cidr}: for this host only (without root pods cannot reach them)")
            return
        service_range.hold(cidr)

    def sync(self, desired: Sequence[ServicePort]) -> ProxyReport:
        wanted = {service.key: service for service in desired}
        gone = [each for key, each in self._served.items() if key not in wanted]
        return self.change([each for key, each in wanted.items() if self._served.get(key) != each], gone)

    def change(self, come: Sequence[ServicePort], gone: Sequence[ServicePort]) -> ProxyReport:
        wanted = [service for service in come if service.protocol in ("TCP", "UDP")]
        failures = [(service, "SCTP is not supported") for service in come if service.protocol == "SCTP"]
        if wanted or gone:
            failures += self._thread.run(self._apply(wanted, gone))
        return ProxyReport(failures=tuple(failures))

    def destroy(self) -> None:
        self.close()
        service_range.release(self._settings)

    def close(self) -> None:
        if self._listeners:
            self._thread.run(self._close_all())
        self._thread.close()

    async def _apply(self, come: Sequence[ServicePort], gone: Sequence[ServicePort]) -> list[tuple[ServicePort, str]]:
        for each in gone:
            await self._end(each.key)
        await asyncio.sleep(0)  # a socket is closed in the turn after it was told to
        failures = []
        for service in come:
            if problem := await self._serve(service):
                failures.append((service, problem))
                self._served.pop(service.key, None)
            else:
                self._served[service.key] = service
        return failures

    async def _end(self, key: Key) -> None:
        self._served.pop(key, None)
        if listener := self._listeners.pop(key, None):
            await listener.close()
            del self._candidates[key]

    async def _close_all(self) -> None:
        for key in tuple(self._listeners):
            await self._end(key)
        await asyncio.sleep(0)

    async def _serve(self, service: ServicePort) -> str | None:
        """Listen where there are endpoints and refuse where there are none; the reason where that fails.

        A failure is tried again with the next sync.
        """
        key = service.key
        candidates = self._candidates.get(key)
        if candidates is None:
            candidates = self._candidates[key] = Candidates(self._make_balancer())
        candidates.update(service.endpoints, service.affinity_seconds, service.sources)
        listener = self._listeners.get(key)
        if listener is None:
            listener = self._listeners[key] = self._new_listener(service, candidates)
        if isinstance(listener, UdpListener):
            listener.forget_departed()
        if not service.endpoints:
            listener.refuse()
            return None
        try:
            await listener.open()
        except OSError as exc:
            return _explain(service, exc)
        return None

    def _new_listener(self, service: ServicePort, candidates: Candidates) -> Listener:
        kind = TcpListener if service.protocol == "TCP" else UdpListener
        ours = service.family is IPV6 and any(ip_address(service.ip) in each for each in self._ranges)
        return kind(service.ip, service.port, candidates, self._seats, unheld=ours)


def _explain(service: ServicePort, exc: OSError) -> str:
    address = f"{host_port(service.ip, service.port)}/{service.protocol}"
    if exc.errno == errno.EACCES:
        return (
            f"cannot listen on {address}: ports below 1024 need root (or a lower net.ipv4.ip_unprivileged_port_start)"
        )
    if exc.errno == errno.EADDRINUSE:
        return f"cannot listen on {address}: another program does already"
    return f"cannot listen on {address}: {exc.strerror}"
