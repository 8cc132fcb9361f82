"""What the app sends its answers through: the ASGI server's ``send``, with a memory of what has gone out."""

from __future__ import annotations

from sampan.core.api.responses import Message, Send


class Reply:
    """``code`` is the status that went out (0: none yet). An abandoned reply swallows what its handler still sends."""

    __slots__ = ("_send", "abandoned", "code")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.code = 0
        self.abandoned = False

    async def __call__(self, message: Message) -> None:
        if self.abandoned:
            return
        if message["type"] == "http.response.start":
            self.code = message["status"]
        await self._send(message)

    def instead(self) -> Reply:
        """Abandon this one: what its handler has to say comes too late. The new one answers in its place."""
        self.abandoned = True
        return Reply(self._send)


def instead_of_upgrade(send: Send) -> Send:
    """Turn an HTTP answer into the WebSocket extension's refusal."""

    async def refuse(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return refuse
