"""The WebSocket that a client has asked for on exec, attach, port-forward or log: messages of bytes in both directions.

One per request, on the event loop; several tasks may write, one reads. A message is read from the network when it is asked
for, and `WebSocket.write` waits while the client does not read: neither side can fill memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from sampan.core.api.bodies import ClientGone
from sampan.core.api.responses import Message, Receive, Scope, Send
from sampan.core.classes import define
from sampan.core.errors import BadRequest

NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002


@define(eq=False)
class WebSocket:
    scope: Scope
    receive: Receive
    send: Send

    def choose(self, offered: Sequence[str]) -> str:
        """The first of the client's protocols that is among ``offered``. Raises `BadRequest` where there is none.

        A client that names none speaks the nameless one, ``""``, where that is offered.
        """
        wanted: tuple[str, ...] = tuple(self.scope.get("subprotocols", ())) or ("",)
        chosen = next((each for each in wanted if each in offered), None)
        if chosen is None:
            known = ", ".join(each for each in offered if each)
            raise BadRequest(f"unable to upgrade: the client offers none of the protocols {known}")
        return chosen

    async def accept(self, protocol: str) -> None:
        await self.receive()  # websocket.connect
        await self.send({"type": "websocket.accept", "subprotocol": protocol or None})

    async def write(self, data: bytes) -> None:
        """One message of bytes. Raises `ClientGone`."""
        await self._send({"type": "websocket.send", "bytes": data})

    async def write_text(self, text: str) -> None:
        """Raises `ClientGone`."""
        await self._send({"type": "websocket.send", "text": text})

    async def close(self, code: int = NORMAL) -> None:
        """Raises `ClientGone`."""
        await self._send({"type": "websocket.close", "code": code})

    async def _send(self, message: Message) -> None:
        try:
            await self.send(message)
        except OSError as exc:  # what ASGI servers raise
            raise ClientGone from exc

    async def messages(self) -> AsyncIterator[bytes]:
        """What the client sends, until it goes away."""
        while (message := await self.receive())["type"] == "websocket.receive":
            yield message.get("bytes") or (message.get("text") or "").encode()
