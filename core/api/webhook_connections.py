"""Connections to webhooks, kept from call to call: shaking hands costs far more than a question.

They are shared only where the same name was proved by the same certificates. One that was kept may have been closed by the
other side just when the next question went out: where nothing at all has come back, that question is asked once more, over
a connection of its own.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sampan.core.classes import frozen

if TYPE_CHECKING:
    import httpx

IDLE_SECONDS: Final = 90.0
KEPT: Final = 25
"""Idle connections to one name, at the most; both as Kubernetes has it."""
MOST_NAMES: Final = 64
"""Names that idle connections are kept to."""


Retire = Callable[["Connections"], None]


class UnusableBundle(Exception):
    """The certificates to trust are none."""


class TooLong(Exception):
    """The answer is longer than it may be."""


@frozen
class Answer:
    code: int
    content_type: str
    body: bytes


class WebhookConnections:
    """On one event loop."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._kept: dict[tuple[str, str], Connections] = {}
        """The one that was used last is the last."""
        self._closing: set[asyncio.Task[None]] = set()

    def to(self, host: str, ca_bundle: str) -> Connections:
        """``host``: the name that certificates must have. ``ca_bundle``: base64 of PEM; empty: what the machine trusts.

        Raises `UnusableBundle`.
        """
        key = (host, ca_bundle)
        found = self._kept.pop(key, None) or Connections(host, _context(ca_bundle), self._idle_seconds, self._retire)
        self._kept[key] = found
        for name, each in list(self._kept.items())[: max(0, len(self._kept) - MOST_NAMES)]:
            if each.is_idle:
                self._drop(name)
        return found

    def _retire(self, idle: Connections) -> None:
        for key, each in list(self._kept.items()):
            if each is idle:
                self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        task = asyncio.get_running_loop().create_task(self._kept.pop(key).close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Idempotent."""
        kept, self._kept = list(self._kept.values()), {}
        for each in kept:
            await each.close()
        await asyncio.gather(*self._closing)


class Connections:
    """Those to one name, at whatever addresses, that trust the same certificates."""

    def __init__(self, host: str, context: ssl.SSLContext, idle_seconds: float, retire: Retire) -> None:
        self._transport = _transport(context, KEPT, idle_seconds)
        self._context = context
        self._host = host
        self._idle_seconds = idle_seconds
        self._retire = retire
        self._asking = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        return not self._asking

    async def post(self, url: httpx.URL, body: bytes, longest: int) -> Answer:
        """Raises `TooLong`, and what httpx raises. Waits for ever."""
        import httpx

        self._asking += 1
        self._stop_timer()
        try:
            call = _Call()
            try:
                return await self._post(self._transport, call, url, body, longest)
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                if not call.may_be_repeated:
                    raise
            async with _transport(self._context, 0, 0) as fresh:
                return await self._post(fresh, _Call(), url, body, longest)
        finally:
            self._asking -= 1
            if self.is_idle:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._idle_seconds, self._retire, self)

    async def _post(
        self, transport: httpx.AsyncHTTPTransport, call: _Call, url: httpx.URL, body: bytes, longest: int
    ) -> Answer:
        import httpx

        request = httpx.Request(
            "POST",
            url,
            headers={"Content-Type": "application/json", "Accept": "application/json", "Host": self._host},
            content=body,
            extensions={"sni_hostname": self._host, "trace": call.notice},
        )
        async with call:
            response = await transport.handle_async_request(request)
            try:
                answer = await _body(response, longest)
            finally:
                await response.aclose()
        return Answer(response.status_code, response.headers.get("Content-Type", ""), answer)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def close(self) -> None:
        self._stop_timer()
        await self._transport.aclose()


def _transport(context: ssl.SSLContext, kept: int, idle_seconds: float) -> httpx.AsyncHTTPTransport:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=kept, keepalive_expiry=idle_seconds)
    return httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)


async def _body(response: httpx.Response, longest: int) -> bytes:
    answer = bytearray()
    async for chunk in response.aiter_bytes():
        answer += chunk
        if len(answer) > longest:
            raise TooLong(f"the answer is longer than {longest} bytes")
    return bytes(answer)


class _Call:
    """What became of one request. What it opened is closed where it is given up: the HTTP client forgets a connection
    that shakes hands just then."""

    def __init__(self) -> None:
        self._opened: list[Any] = []
        self._has_dialed = self._has_heard = False

    @property
    def may_be_repeated(self) -> bool:
        """It went out over a connection that had been kept, and nothing came back."""
        return not self._has_dialed and not self._has_heard

    async def notice(self, event: str, about: Mapping[str, Any]) -> None:
        """Told by the HTTP client of all that it does."""
        match event:
            case "connection.connect_tcp.started":
                self._has_dialed = True
            case "connection.connect_tcp.complete":
                self._opened.append(about["return_value"])
            case "http11.receive_response_headers.complete":
                self._has_heard = True

    async def __aenter__(self) -> _Call:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            for stream in self._opened:
                await stream.aclose()


@lru_cache(maxsize=MOST_NAMES)
def _context(ca_bundle: str) -> ssl.SSLContext:
    """Trusts the given certificates alone, or what the machine trusts."""
    if not ca_bundle:
        return ssl.create_default_context()
    try:
        pem = base64.b64decode(ca_bundle).decode()
        return ssl.create_default_context(cadata=pem)
    except (ValueError, ssl.SSLError) as error:
        raise UnusableBundle(f"unable to load root certificates: {error}") from None
