"""One HTTP connection: whom its client certificate names, and what a client may take before it has said who it is.

uvicorn makes one per connection, on the API server's loop. The bounds are those of kube-apiserver: 1 MB of request line and
headers, 32 seconds for them. They count for the first request, which may never come, as for any later one.
"""

from __future__ import annotations

from asyncio import TimerHandle
from contextvars import ContextVar
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sampan.core.api.one_write import OneWrite
from sampan.core.api.plain_http import ANSWER, is_plain
from sampan.core.api.straight import EXTENSION, Straight
from sampan.core.api.tls import peer_subject

HEAD_LIMIT: Final = 1024 * 1024
HEAD_SECONDS: Final = 32.0
TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 35\r\nconnection: close\r\n\r\n431 Request Header Fields Too Large"
)

ASKED_OVER: ContextVar[BoundedProtocol | None] = ContextVar("ASKED_OVER", default=None)
"""In the task that answers an HTTP request: the connection that it came over. For tests that break it off."""


class BoundedProtocol(HttpToolsProtocol):
    """Tells the app in ``scope["state"]["peer"]`` who the certificate names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0
        """Bytes of the present request line and headers."""
        self._in_body = False
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        ssl_object = transport.get_extra_info("ssl_object")
        if is_plain(ssl_object):
            self.transport = transport
            transport.write(ANSWER)
            transport.close()
            return
        subject = peer_subject(ssl_object)
        if subject[0]:
            self.app_state = {**self.app_state, "peer": subject}
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._in_body:
            self._await_head()
            self._head += len(data)
            if self._head > HEAD_LIMIT + len(data):
                self.transport.write(TOO_LARGE)
                self.transport.close()
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._in_body = True
        self._head = 0
        self._head_is_here()
        ASKED_OVER.set(self)
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # it is no upgrade
            cycle = cast("Any", self.cycle)
            cycle.transport = OneWrite(self.transport, cycle, self.loop)
        if b"watch" in self.url and not self.parser.should_upgrade():
            straight = Straight(self.transport, self.cycle)
            cast("dict[str, Any]", self.scope).setdefault("extensions", {})[EXTENSION] = straight

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _head_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self.transport.abort()
