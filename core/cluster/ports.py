"""Which ports are listened on: the one that was asked for, the one of last time, or the next that is free."""

from __future__ import annotations

import socket
from collections.abc import Callable

from sampan.core.config import Config
from sampan.core.errors import ConfigError

PORTS_TO_TRY = 100


def bind_port(
    config: Config, settled: int, bind: Callable[[str, int], socket.socket], say: Callable[[str], None]
) -> socket.socket:
    """A listening socket. ``settled`` is the port of the last start, 0 for none.

    Raises `ConfigError` where a port that was asked for is taken; otherwise the next free one is taken, and said.
    """
    if config.port_is_fixed or config.port == 0:
        return bind(config.address, config.port)
    return bind_next(settled or config.port, lambda port: bind(config.address, port), say, "--port")


def bind_next(
    first: int, bind: Callable[[int], socket.socket], say: Callable[[str], None], option: str
) -> socket.socket:
    """A socket that ``bind`` makes at ``first``, or where it cannot at the next port, which is said.

    Raises `ConfigError`, which names the ``option`` to choose a port with, where none of many is free.
    """
    for port in range(first, min(first + PORTS_TO_TRY, 65_536)):
        try:
            bound = bind(port)
        except ConfigError:
            continue
        if port != first:
            say(f"port {first} is taken: using {port}")
        return bound
    raise ConfigError(f"ports {first} to {first + PORTS_TO_TRY - 1} are all taken: choose one with {option}")
