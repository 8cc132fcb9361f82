"""Kubernetes' channel protocol on a WebSocket: several streams in one connection, told apart by each message's first byte.

``v4.channel.k8s.io`` and ``v5.channel.k8s.io`` (which can also close a channel, so that a command sees the end of its
input): https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets.
One `Channels` per connection, used by the tasks of its request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import attrs

from sampan.core.api.subresources.websocket import WebSocket

V5: Final = "v5.channel.k8s.io"
V4: Final = "v4.channel.k8s.io"
STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
CLOSE: Final = 255
PIECE: Final = 32 * 1024
"""Bytes of one message at most, so that streams take turns."""


@attrs.frozen
class Piece:
    """What the client sent on a channel; ``closed``: it will send no more there."""

    channel: int
    data: bytes = b""
    closed: bool = False


@attrs.define(eq=False)
class Channels:
    """``protocol`` is `V5` or `V4`."""

    socket: WebSocket
    protocol: str

    async def write(self, channel: int, data: bytes) -> None:
        """Send ``data`` on a channel; nothing at all is a message too."""
        for start in range(0, len(data) or 1, PIECE):
            await self.socket.write(bytes((channel,)) + data[start : start + PIECE])

    async def pieces(self) -> AsyncIterator[Piece]:
        """What the client sends, until it goes away."""
        async for data in self.socket.messages():
            if not data:
                continue
            if data[0] == CLOSE and self.protocol == V5 and len(data) > 1:
                yield Piece(data[1], closed=True)
            else:
                yield Piece(data[0], data[1:])
