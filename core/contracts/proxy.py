"""The service proxy contract, after kube-proxy's: the whole desired state in, or what has changed of it since.

Plain blocking code, called from one thread of the node at a time. What a service address reaches is decided by
`sampan.core.services.service_ports` (pure); a proxy only carries it out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import attrs

from sampan.core.classes import frozen
from sampan.core.ip import IPV4, IPV6, Family

if TYPE_CHECKING:
    from sampan.core.contracts.balancer import Balancer

Transport = Literal["TCP", "UDP", "SCTP"]
"""A transport, as a Service names it."""


@attrs.frozen(kw_only=True, order=True)
class Endpoint:
    ip: str
    port: int
    node: str = ""
    here: bool = False
    """It is on a node of this machine: its answers come through this host, whichever address it was asked from."""


@frozen(kw_only=True)
class ServicePort:
    """One address and port of one Service, with the ready endpoints behind it."""

    namespace: str
    name: str
    port_name: str
    protocol: Transport
    ip: str
    """A cluster IP, an external IP, or ``0.0.0.0`` (``::``) for a node port. Its endpoints are of the same IP family."""
    port: int
    endpoints: tuple[Endpoint, ...]
    affinity_seconds: int = 0
    """ClientIP session affinity; 0 is none."""
    claimed: bool = False
    """The cluster has given the address and port to this Service alone: a cluster IP, or a node port."""
    sources: tuple[str, ...] = ()
    """Ranges whose clients are served; none: all are."""

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.protocol, self.ip, self.port)

    @property
    def family(self) -> Family:
        """That of its address."""
        return IPV6 if ":" in self.ip else IPV4


@frozen(kw_only=True)
class ProxySettings:
    cluster: str
    state_dir: Path
    service_cidr: str
    """One range, or one of IPv4 and one of IPv6 with a comma between, where the cluster has both."""
    pod_cidr: str
    families: tuple[str, ...] = ("IPv4",)
    """The cluster's, its default first; more than one only for proxies that are registered with ``dual_stack``."""
    balancer: Callable[[], Balancer] | None = None
    """Makes what chooses among the endpoints of a service port; ``None``: whatever the proxy does by itself."""
    say: Callable[[str], None] = attrs.field(default=lambda _line: None)


@frozen(kw_only=True)
class ProxyReport:
    """What a sync could not do: (service key, why), for an event on that Service."""

    failures: tuple[tuple[ServicePort, str], ...] = ()


class Proxy(Protocol):
    def service_cidr(self) -> str | None:
        """The range that this proxy can serve here where none was asked for (no root: inside 127.0.0.0/8).

        One for each of the settings' families, with a comma between.
        """
        ...

    def start(self) -> None:
        """Make what all services need. Raises `ConfigError` where it cannot work here. Idempotent."""
        ...

    def sync(self, desired: Sequence[ServicePort]) -> ProxyReport:
        """Make exactly these reachable. Existing connections of unchanged ports go on. Idempotent.

        UDP has no connections: what a client sends to an endpoint that has left goes to another one from now on.
        """
        ...

    def destroy(self) -> None:
        """Remove every route, rule and address. Idempotent; works in a process that has not called `start`."""
        ...

    def close(self) -> None:
        """Stop serving, leaving the host's routes for a next start; what the kernel does by itself may go on."""
        ...


@runtime_checkable
class ChangingProxy(Proxy, Protocol):
    """One that also takes what has changed: with thousands of services, a change then costs its own size."""

    def change(self, come: Sequence[ServicePort], gone: Sequence[ServicePort]) -> ProxyReport:
        """As `sync` with a table in which ``come`` have taken the places of their keys, and ``gone`` are no more.

        Follows a `sync`. Reports on ``come``.
        """
        ...
