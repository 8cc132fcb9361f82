"""Sockets of proxies and name servers. Failures have the kernel's number, which event loops do not always keep."""

from __future__ import annotations

import socket

BURST_BYTES = 1024 * 1024
"""Datagrams that wait in the kernel while others are looked at."""


def datagram_socket(address: str, port: int, *, shared: bool = False) -> socket.socket:
    """Bound, for an event loop. ``shared``: beside others of this user that share, too. Raises `OSError`."""
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
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
