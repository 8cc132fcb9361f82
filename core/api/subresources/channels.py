"""Kubernetes' channel protocols on a WebSocket: several streams in one connection, told apart by each message's first byte.

``v4.channel.k8s.io`` and ``v5.channel.k8s.io`` (which can also close a channel, so that a command sees the end of its
input): https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets.
Older clients speak ``channel.k8s.io``, or no protocol by name, and those that can only send text its base64 form, where
the channel is a digit. One `Channels` per connection, used by the tasks of its request.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import orjson

from sampan.core.api.subresources.websocket import WebSocket
from sampan.core.classes import define, frozen

V5: Final = "v5.channel.k8s.io"
V4: Final = "v4.channel.k8s.io"
V4_TEXT: Final = "v4.base64.channel.k8s.io"
V1: Final = "channel.k8s.io"
V1_TEXT: Final = "base64.channel.k8s.io"
NAMELESS: Final = ""
TEXT: Final = frozenset({V4_TEXT, V1_TEXT})
STATUSES: Final = frozenset({V5, V4, V4_TEXT})
"""Those that say with a Status how a command has ended; the others say nothing of a success, and a sentence else."""
STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
CLOSE: Final = 255
PIECE: Final = 32 * 1024
"""Bytes of one message at most, so that streams take turns."""


@frozen
class Piece:
    """What the client sent on a channel; ``closed``: it will send no more there."""

    channel: int
    data: bytes = b""
    closed: bool = False


@define(eq=False)
class Channels:
    """``protocol`` is one of those above."""

    socket: WebSocket
    protocol: str

    async def write(self, channel: int, data: bytes) -> None:
        """Send ``data`` on a channel; nothing at all is a message too."""
        for start in range(0, len(data) or 1, PIECE):
            piece = data[start : start + PIECE]
            if self.protocol in TEXT:
                await self.socket.write_text(f"{channel}{base64.b64encode(piece).decode()}")
            else:
                await self.socket.write(bytes((channel,)) + piece)

    async def pieces(self) -> AsyncIterator[Piece]:
        """What the client sends, until it goes away."""
        async for data in self.socket.messages():
            if not data:
                continue
            if self.protocol in TEXT:
                if (piece := _of_text(data)) is not None:
                    yield piece
            elif data[0] == CLOSE and self.protocol == V5 and len(data) > 1:
                yield Piece(data[1], closed=True)
            else:
                yield Piece(data[0], data[1:])

    async def end(self, status: Mapping[str, Any]) -> None:
        """Say how it ended, and hang up."""
        if told := told_as(self.protocol in STATUSES, status):
            await self.write(ERROR, told)
        await self.socket.close()


def _of_text(data: bytes) -> Piece | None:
    try:
        return Piece(data[0] - ord("0"), base64.b64decode(data[1:], validate=True))
    except binascii.Error:
        return None


def told_as(statuses: bool, status: Mapping[str, Any]) -> bytes:
    """A ``Status`` as the protocol tells it. ``statuses``: it knows them."""
    if statuses:
        return orjson.dumps(status)
    return b"" if status["status"] == "Success" else str(status.get("message", "")).encode()
