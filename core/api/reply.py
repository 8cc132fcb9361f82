"""What the app sends its answers through: the ASGI server's ``send``, with a memory of what has gone out."""

from __future__ import annotations

from typing import Final

from sampan.core.api.audit.trail import Trail
from sampan.core.api.negotiate import Format
from sampan.core.api.responses import Header, Message, Send

SWITCHING: Final = 101


class Reply:
    """``code`` is the status that went out (0: none yet). An abandoned reply swallows what its handler still sends.

    ``headers`` are those of every answer, whoever sends it; ``trail`` is told what goes out; what went wrong is told in the
    format that the client ``speaks``. To a client that waits for a WebSocket (``refuses``), an HTTP answer is the refusal.
    """

    __slots__ = ("_refuses", "_send", "abandoned", "code", "headers", "speaks", "trail")

    def __init__(self, send: Send, *, refuses: bool = False) -> None:
        self._send = send
        self._refuses = refuses
        self.code = 0
        self.speaks: Format = "json"
        self.abandoned = False
        self.headers: list[Header] = []
        self.trail: Trail | None = None

    async def __call__(self, message: Message) -> None:
        if self.abandoned:
            return
        if message["type"] == "http.response.start":
            self.code = message["status"]
            message["headers"] = [*message["headers"], *self.headers]
        if self.trail is not None:
            self._tell(self.trail, message)
        if self._refuses and message["type"].startswith("http."):
            message = {**message, "type": f"websocket.{message['type']}"}
        await self._send(message)

    def _tell(self, trail: Trail, message: Message) -> None:
        match message["type"]:
            case "http.response.start":
                trail.answers(message["status"], message["headers"])
            case "http.response.body":
                trail.answers_with(message.get("body", b""))
            case "websocket.accept":
                trail.answers(SWITCHING)

    def instead(self) -> Reply:
        """Abandon this one: what its handler has to say comes too late. The new one answers in its place."""
        self.abandoned = True
        reply = Reply(self._send, refuses=self._refuses)
        reply.headers, reply.trail, reply.speaks = self.headers, self.trail, self.speaks
        return reply
