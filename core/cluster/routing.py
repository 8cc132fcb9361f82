"""A machine's way in for HTTP: the router, the ports that it listens on, and what keeps it in step with the Ingresses.

It listens on the loopback address and on the first node's, as load balancers of this cluster do: people find it at
``localhost``, pods and other machines at the node's; and so in IPv6 where the node has an address of it. `prepare`, `close`
and `destroy` block and belong in a thread. What follows the API is imported when it begins to: who only ends a cluster
needs none of it.
"""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import attrs

from sampan.core.cluster.ports import bind_next
from sampan.core.config import Config
from sampan.core.contracts.http_router import HttpRouter, RouterSettings
from sampan.core.datadir import Decisions
from sampan.core.errors import ConfigError, NotFound
from sampan.core.host.listening import bind
from sampan.core.ip import Family, family_of
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock

if TYPE_CHECKING:
    from sampan.core.client.protocol import Client
    from sampan.core.reconcile.lister import InformerSet
    from sampan.core.services.certificates import Issue

LOOPBACK, LOCALHOST = "127.0.0.1", "localhost"
USUAL_PORT, USUAL_TLS_PORT = 8080, 8443
"""Where nobody says otherwise: they need no root, and are seldom a load balancer's."""
PORT_OPTION, TLS_PORT_OPTION = "--ingress-port", "--ingress-tls-port"


class HttpRouting:
    """``name`` is that of the registry's router."""

    def __init__(self, name: str, settings: RouterSettings, plugins: Plugins, clock: Clock) -> None:
        self._name = name
        self._say = settings.say
        self._cluster = settings.cluster
        self._clock = clock
        self._router: HttpRouter = plugins.registry.http_routers.find(name).make(settings)
        self._plain: list[socket.socket] = []
        self._encrypted: list[socket.socket] = []
        self._cleanup = AsyncExitStack()

    def prepare(self, config: Config, settled: Decisions) -> Decisions:
        """Take the ports; which they are. Nobody is answered yet. Raises `ConfigError` where a port cannot be had."""
        self._router.destroy()  # one that was left behind has the ports
        plain = self._bound(config.ingress_port, settled.ingress_port or USUAL_PORT, PORT_OPTION)
        self._plain.append(plain)
        encrypted = self._bound(config.ingress_tls_port, settled.ingress_tls_port or USUAL_TLS_PORT, TLS_PORT_OPTION)
        self._encrypted.append(encrypted)
        return attrs.evolve(settled, ingress_port=_port(plain), ingress_tls_port=_port(encrypted))

    async def follow(self, client: Client, informers: InformerSet, node: str, issue: Issue) -> None:
        """Serve what Ingresses say, from now on. Raises `ConfigError` where the router cannot start."""
        from sampan.core.model.networking_v1.ingress import IngressLoadBalancerIngress, IngressPortStatus
        from sampan.core.services.certificates import OwnCertificates
        from sampan.core.services.gatekeeper import Gatekeeper
        from sampan.core.services.service_hosts import zone_of

        zone = zone_of(self._cluster)
        addresses = await self._listen_at_node(client, node)
        here = [LOCALHOST, *dict.fromkeys(each.getsockname()[0] for each in self._plain)]
        certificates = OwnCertificates(issue, here, self._clock.now)
        ports = tuple(IngressPortStatus(port=_port(each[0]), protocol="TCP") for each in (self._plain, self._encrypted))
        shown = [IngressLoadBalancerIngress(ip=address, ports=ports) for address in addresses]
        keeper = Gatekeeper(self._router, informers, client, self._clock, certificates, shown, zone)
        self._cleanup.push_async_callback(keeper.stop)
        await keeper.start(self._plain, self._encrypted)
        plain, encrypted = (each.port for each in ports)
        self._say(f"ingress: http://{LOCALHOST}:{plain} and https://{LOCALHOST}:{encrypted} ({self._name})")
        self._say(f"services: http://NAME.NAMESPACE.{zone}:{plain}, from this machine")

    async def stop(self) -> None:
        """Stop following. Idempotent."""
        await self._cleanup.aclose()

    def close(self) -> None:
        """Stop serving, and give the ports back. Idempotent."""
        self._router.close()
        for each in (*self._plain, *self._encrypted):
            each.close()
        self._plain, self._encrypted = [], []

    def destroy(self) -> None:
        """End whatever serves. Idempotent; needs no `prepare`."""
        self.close()
        self._router.destroy()

    async def _listen_at_node(self, client: Client, node: str) -> tuple[str, ...]:
        """The addresses that it listens on besides, one of each family; where there are none, the loopback one."""
        from sampan.core.model.core_v1.node import Node

        addresses: dict[Family, str] = {}
        with suppress(NotFound):
            for each in (await client.get(Node, "", node)).status.addresses:
                if each.type == "InternalIP":
                    addresses.setdefault(family_of(each.address), each.address)
        found = []
        for family, address in addresses.items():
            if family.loopback != LOOPBACK:
                self._listen_too(family.loopback)
            if address != family.loopback and self._listen_too(address):
                found.append(address)
        return tuple(found) or (LOOPBACK,)

    def _listen_too(self, address: str) -> bool:
        """Whether that can be, with both ports."""
        made: list[socket.socket] = []
        try:
            for some, option in ((self._plain, PORT_OPTION), (self._encrypted, TLS_PORT_OPTION)):
                made.append(bind(address, _port(some[0]), option))
        except ConfigError as exc:
            self._say(f"ingress: not at {address} ({exc})")
            for each in made:
                each.close()
            return False
        self._plain.append(made[0])
        self._encrypted.append(made[1])
        return True

    def _bound(self, asked: int | None, otherwise: int, option: str) -> socket.socket:
        def at(port: int) -> socket.socket:
            return bind(LOOPBACK, port, option)

        return bind_next(otherwise, at, self._say_of_ingress, option) if asked is None else at(asked)

    def _say_of_ingress(self, line: str) -> None:
        self._say(f"ingress: {line}")


def _port(bound: socket.socket) -> int:
    return int(bound.getsockname()[1])
