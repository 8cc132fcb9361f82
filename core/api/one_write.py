"""An answer's head and body as one write: one TLS record and one packet for most answers, where there were two.

uvicorn writes the head as soon as it is told the status. Where the head says how long the body is, the body mostly follows
at once, and the head waits for it: until the event loop's next turn at the most. Made by the connection for each request,
used on the API server's loop.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

SMALL: Final = 16 * 1024
"""Bytes of a TLS record. A body with more is not copied to be behind its head."""


class OneWrite:
    """The connection as one answer sees it. ``cycle`` is uvicorn's answer, which knows how its head announces the body."""

    __slots__ = ("_begun", "_cycle", "_head", "_loop", "_transport")

    def __init__(self, transport: asyncio.WriteTransport, cycle: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._cycle = cycle
        self._loop = loop
        self._head = b""
        self._begun = False

    def write(self, data: bytes) -> None:
        if not self._begun and self._cycle.chunked_encoding is False:
            self._begun = True
            self._head = data
            self._loop.call_soon(self._flush)
            return
        if self._head and len(data) <= SMALL:
            data, self._head = self._head + data, b""
        self._flush()
        self._transport.write(data)

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        """What was written still goes out."""
        self._flush()
        self._transport.close()
