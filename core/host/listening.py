"""Sockets that listen on this machine."""

from __future__ import annotations

import socket

from sampan.core.errors import ConfigError


def bind(address: str, port: int, option: str = "--port") -> socket.socket:
    """A listening socket. Raises `ConfigError` where that cannot be; ``option`` is what another port is chosen with."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen(1024)
    except OSError as exc:
        bound.close()
        raise ConfigError(
            f"cannot listen on {address}:{port}: {exc.strerror or exc}; stop what uses it or choose another {option}"
        ) from exc
    bound.setblocking(False)
    return bound
