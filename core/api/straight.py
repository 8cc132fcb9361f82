"""A watch's events straight to their connection, without a task's turn for each of them.

Most watchers wait with nothing unsent, and then an event is one write to a socket. Only where a client does not keep up
does the event wait in the watch's mailbox, and its task sends it once there is room (`sampan.core.api.watch.stream`).
Made by the connection for each request for a watch, used on the API server's loop.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from sampan.core.api.request import Request
from sampan.core.classes import frozen

EXTENSION: Final = "sampan.straight"


@frozen
class Straight:
    """The connection under one answer of unknown length, whose head has gone out. ``cycle`` is uvicorn's answer."""

    transport: asyncio.WriteTransport
    cycle: Any

    def write(self, piece: bytes) -> bool:
        """Whether the piece (not empty) has gone to the connection as the answer's next one."""
        cycle = self.cycle
        if cycle.flow.write_paused or cycle.disconnected or not cycle.chunked_encoding or self.transport.is_closing():
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        return True


def straight_to(request: Request) -> Straight | None:
    """``None`` where the server has no such way."""
    return cast("Straight | None", (request.scope.get("extensions") or {}).get(EXTENSION))
