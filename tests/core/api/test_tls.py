"""The end of the server: every connection is told, whatever its client does at that moment."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from websockets.exceptions import InvalidState

from sampan.core.api.tls import EmbeddedServer

pytestmark = pytest.mark.anyio


class Connection:
    """Gone from the server's soon after it is closed. ``ends``: its client has begun to close it."""

    def __init__(self, server: EmbeddedServer, *, ends: bool) -> None:
        self._connections = cast("set[Any]", server.server_state.connections)
        self._ends = ends
        self.transport = self
        self._connections.add(self)

    def shutdown(self) -> None:
        if self._ends:
            raise InvalidState("connection is closing")
        self.close()

    def close(self) -> None:
        asyncio.get_running_loop().call_later(0.005, self._connections.discard, self)

    def get_write_buffer_size(self) -> int:
        raise AttributeError("as asyncio's own, once it has been closed twice")


async def test_a_client_that_closes_in_the_same_moment_keeps_nobody_from_being_told() -> None:
    async def nothing() -> None:
        """No application has to end."""

    server = EmbeddedServer(uvicorn.Config(app=lambda: None))
    server.servers = []
    server.lifespan = SimpleNamespace(shutdown=nothing)
    for ends in (True, False, True):
        Connection(server, ends=ends)
    await server.shutdown()
    assert server.server_state.connections == set()
