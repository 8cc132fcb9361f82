"""UDP flows that the kernel remembers: forgotten where they lead to an endpoint that has left.

UDP has no connections that could end, so a client that keeps sending would be led to a pod that is gone for as long as it
does. The same for flows that began while a service had no endpoints. Over netlink; blocking.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Mapping
from typing import Any

from sampan.core.contracts.proxy import ServicePort

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
    from pyroute2.netlink.exceptions import NetlinkError
    from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple, NFCTSocket

    with NFCTSocket() as conntrack:
        for service in services:
            now = after.get(service.key)
            here = {(endpoint.ip, endpoint.port) for endpoint in now.endpoints} if now else set()
            wanted: dict[str, Any] = {"proto": socket.IPPROTO_UDP, "dport": service.port}
            if service.ip != "0.0.0.0":
                wanted["daddr"] = service.ip
            for entry in tuple(conntrack.dump(tuple_orig=NFCTAttrTuple(**wanted))):
                original, reply = _tuple(entry, "CTA_TUPLE_ORIG"), _tuple(entry, "CTA_TUPLE_REPLY")
                if (reply["saddr"], reply["sport"]) in here:
                    continue
                with contextlib.suppress(NetlinkError):  # it has ended meanwhile
                    conntrack.entry("del", tuple_orig=NFCTAttrTuple(**original))


def _tuple(entry: Any, name: str) -> dict[str, Any]:
    attributes = entry.get_attr(name)
    ip, proto = attributes.get_attr("CTA_TUPLE_IP"), attributes.get_attr("CTA_TUPLE_PROTO")
    return {
        "saddr": ip.get_attr("CTA_IP_V4_SRC"),
        "daddr": ip.get_attr("CTA_IP_V4_DST"),
        "proto": proto.get_attr("CTA_PROTO_NUM"),
        "sport": proto.get_attr("CTA_PROTO_SRC_PORT"),
        "dport": proto.get_attr("CTA_PROTO_DST_PORT"),
    }
