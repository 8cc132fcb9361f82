"""Sockets of proxies and name servers. Failures have the kernel's number, which event loops do not always keep."""

from __future__ import annotations

import socket

from sampan.core.ip import IPV6, family_of

IP_FREEBIND = 15
"""Linux' number; of both families, for all its name."""
BURST_BYTES = 1024 * 1024
"""Datagrams that wait in the kernel while others are looked at."""


def datagram_socket(address: str, port: int, *, shared: bool = False, unheld: bool = False) -> socket.socket:
    """Bound, for an event loop. ``shared``: beside others of this user that share, too. Raises `OSError`.

    ``unheld``: at an address of IPv6 that no link has, since a ``local`` route leads here; of IPv4 the route is enough.
    """
    made = _socket(address, socket.SOCK_DGRAM, unheld=unheld)
    try:
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BURST_BYTES)
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def stream_socket(address: str, port: int, *, unheld: bool = False) -> socket.socket:
    """The same for TCP, to listen with. Raises `OSError`."""
    made = _socket(address, socket.SOCK_STREAM, unheld=unheld)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def _socket(address: str, kind: socket.SocketKind, *, unheld: bool) -> socket.socket:
    """Of one family alone: all addresses of IPv6 do not take those of IPv4 with them."""
    family = family_of(address)
    made = socket.socket(family.sockets, kind)
    if family is IPV6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if unheld:
            made.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    return made
