"""UDP flows that the kernel remembers: forgotten where they lead to an endpoint that has left.

UDP has no connections that could end, so a client that keeps sending would be led to a pod that is gone for as long as it
does. The same for flows that began while a service had no endpoints. Over netlink; blocking.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Set
from functools import partial

from sampan.core.contracts.proxy import ServicePort
from sampan.core.host.conntrack import Way, connections

Key = tuple[str, str, int]


def stale(before: Mapping[Key, ServicePort], after: Mapping[Key, ServicePort]) -> list[ServicePort]:
    """The UDP service ports, as they are now, whose endpoints have become fewer, or the first ones. Pure."""
    found = []
    for key, service in before.items():
        if service.protocol != "UDP":
            continue
        now = after.get(key)
        left = set(service.endpoints) - set(now.endpoints if now else ())
        first = not service.endpoints and now is not None and now.endpoints
        if left or first:
            found.append(service)
    return [*found, *(new for key, new in after.items() if new.protocol == "UDP" and key not in before)]


def forget(services: Iterable[ServicePort], after: Mapping[Key, ServicePort]) -> None:
    """Drop every flow to these service ports that does not lead to one of their endpoints of now."""
    with connections() as some:
        for service in services:
            now = after.get(service.key)
            here = {(endpoint.ip, endpoint.port) for endpoint in now.endpoints} if now else set()
            first: dict[str, str | int] = {"proto": socket.IPPROTO_UDP, "dport": service.port}
            if service.ip != service.family.any_address:
                first["daddr"] = service.ip
            some.forget(service.family, partial(_leads_elsewhere, here), **first)


def _leads_elsewhere(here: Set[tuple[str, int]], _original: Way, reply: Way) -> bool:
    return (reply["saddr"], reply.get("sport")) not in here
