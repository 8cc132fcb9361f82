"""The WebSocket that a client has asked for on exec, attach or port-forward: messages of bytes in both directions.

One per request, on the event loop; several tasks may write, one reads. A message is read from the network when it is asked
for, and `WebSocket.write` waits while the client does not read: neither side can fill memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

import attrs

from sampan.core.api.bodies import ClientGone
from sampan.core.api.responses import Receive, Scope, Send
from sampan.core.errors import BadRequest

NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002


@attrs.define(eq=False)
class WebSocket:
    scope: Scope
    receive: Receive
    send: Send

    def choose(self, offered: Sequence[str]) -> str:
        """The first of the protocols that the client speaks. Raises `BadRequest` where there is none."""
        wanted = self.scope.get("subprotocols", ())
        chosen = next((each for each in offered if each in wanted), None)
        if chosen is None:
            known = ", ".join(offered)
            raise BadRequest(f"unable to upgrade: the client offers none of the protocols {known}")
        return chosen

    async def accept(self, protocol: str) -> None:
        await self.receive()  # websocket.connect
        await self.send({"type": "websocket.accept", "subprotocol": protocol})

    async def write(self, data: bytes) -> None:
        """One message. Raises `ClientGone`."""
        try:
            await self.send({"type": "websocket.send", "bytes": data})
        except OSError as exc:  # what ASGI servers raise
            raise ClientGone from exc

    async def close(self, code: int = NORMAL) -> None:
        """Raises `ClientGone`."""
        try:
            await self.send({"type": "websocket.close", "code": code})
        except OSError as exc:
            raise ClientGone from exc

    async def messages(self) -> AsyncIterator[bytes]:
        """What the client sends, until it goes away."""
        while (message := await self.receive())["type"] == "websocket.receive":
            yield message.get("bytes") or (message.get("text") or "").encode()
