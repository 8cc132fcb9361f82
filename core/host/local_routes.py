"""Which addresses are this host's own, by an address on a link or by a ``local`` route."""

from __future__ import annotations

import errno
import socket

from sampan.core.ip import family_of


def is_local(address: str) -> bool:
    """Whether a server here could listen on it."""
    with socket.socket(family_of(address).sockets, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as exc:
            if exc.errno == errno.EADDRNOTAVAIL:
                return False
            raise
    return True
