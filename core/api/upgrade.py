"""The server's end of WebSockets: uvicorn's, on the API server's loop, with two things changed for Kubernetes' clients."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.typing import Subprotocol

PING_TIMEOUT: None = None
"""For uvicorn's ``ws_ping_timeout``: pings go out, but nobody is cut off for a late answer. A client that waits for a slow
program of its own (``kubectl port-forward`` behind a download) reads the ping only after everything that came before it."""


class UpgradeProtocol(WebSocketsSansIOProtocol):
    """Leaves the choice of the subprotocol to the app (`sampan.core.api.subresources.websocket`), as ASGI has it.

    The websockets library would look at the client's list too, and refuse kubectl for it: ``SPDY/3.1+portforward.k8s.io``
    has a slash, which RFC 6455 does not allow there.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn.process_subprotocol = _undecided  # type: ignore[method-assign]

    async def send(self, message: Any) -> None:
        """A refusal completes the handshake: uvicorn would write an error into the log for each."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True


def _undecided(headers: Headers) -> Subprotocol | None:
    return None
