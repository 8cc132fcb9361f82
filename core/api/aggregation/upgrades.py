"""Streams to an aggregated API server: WebSockets message by message, SPDY as the bytes that it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Final

from sampan.core.api.aggregation.forward import Unavailable, forwarded_headers, target_of
from sampan.core.api.aggregation.link import CONNECT_SECONDS, Link, LinkFailed
from sampan.core.api.bodies import ClientGone
from sampan.core.api.request import Request
from sampan.core.api.responses import Send, send_text
from sampan.core.api.service_endpoints import NoEndpoint
from sampan.core.api.takeover import CHUNK, SPDY, Connection, TakeOver

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

LARGEST_MESSAGE: Final = 1 << 20
LONGEST_HEAD: Final = 64 * 1024
OF_THE_HANDSHAKE: Final = (b"sec-websocket-", b"origin")
NORMAL: Final = 1000


async def relay_websocket(request: Request, link: Link) -> None:
    """What the server refuses with is passed on. Raises `Unavailable`."""
    import websockets.asyncio.client
    from websockets.exceptions import InvalidStatus, WebSocketException

    headers = [
        (name.decode("latin-1"), value.decode())
        for name, value in forwarded_headers(request)
        if not name.startswith(OF_THE_HANDSHAKE)
    ]
    try:
        host, port = link.address()
        there = await websockets.asyncio.client.connect(
            f"wss://{link.extension.host}{target_of(request)}",
            host=host,
            port=port,
            ssl=link.context,
            server_hostname=link.extension.host,
            subprotocols=request.scope.get("subprotocols") or None,
            additional_headers=headers,
            user_agent_header=None,
            compression=None,
            max_size=LARGEST_MESSAGE,
            open_timeout=CONNECT_SECONDS,
            ping_interval=None,
            proxy=None,
        )
    except NoEndpoint as exc:
        raise Unavailable("service unavailable") from exc
    except InvalidStatus as exc:
        await _refuse(request.send, exc.response.status_code, bytes(exc.response.body or b""))
        return
    except (LinkFailed, OSError, TimeoutError, WebSocketException) as exc:
        raise Unavailable(f"error trying to reach service: {exc or type(exc).__name__}") from exc
    async with there:
        await request.receive()  # websocket.connect
        await request.send({"type": "websocket.accept", "subprotocol": there.subprotocol})
        await _either(_to_server(request, there), _to_client(request, there))
    with contextlib.suppress(OSError):
        await request.send({"type": "websocket.close", "code": _code(there.close_code)})


async def _to_server(request: Request, there: ClientConnection) -> None:
    while (message := await request.receive())["type"] == "websocket.receive":
        data = message.get("bytes")
        await there.send(message.get("text") or "" if data is None else data)


async def _to_client(request: Request, there: ClientConnection) -> None:
    async for message in there:
        word = "text" if isinstance(message, str) else "bytes"
        await request.send({"type": "websocket.send", word: message})


def _code(there: int | None) -> int:
    """What may be sent on: 1005 and 1006 only say that there was none."""
    return there if there is not None and there not in (1005, 1006) else NORMAL


async def relay_spdy(request: Request, link: Link, take_over: TakeOver) -> None:
    """What the server refuses with is passed on. Raises `Unavailable`."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            host, port = link.address()
            reader, writer = await asyncio.open_connection(
                host, port, ssl=link.context, server_hostname=link.extension.host, limit=LONGEST_HEAD
            )
    except NoEndpoint as exc:
        raise Unavailable("service unavailable") from exc
    except (LinkFailed, OSError, TimeoutError) as exc:
        raise Unavailable(f"error trying to reach service: {exc or type(exc).__name__}") from exc
    try:
        code, headers = await _handshake(request, link, reader, writer)
        if code != 101:
            size = headers.get("content-length", "0")
            said = await reader.read(min(int(size), LONGEST_HEAD)) if size.isdecimal() else b""
            await _refuse(request.send, code, said)
            return
        here = take_over({name: headers[name] for name in headers if name not in ("connection", "upgrade")})
        there = Connection(reader, writer)
        try:
            await _either(_pump(here, there), _pump(there, here))
        finally:
            here.close()
    finally:
        writer.close()


async def _handshake(
    request: Request, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[int, Mapping[str, str]]:
    lines = [f"{request.method} {target_of(request)} HTTP/1.1".encode("latin-1")]
    lines += [f"host: {link.extension.host}".encode(), b"connection: Upgrade", f"upgrade: {SPDY}".encode()]
    lines += [name + b": " + value for name, value in forwarded_headers(request)]
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *rest = head.strip().split("\r\n")
        return int(status.split(" ")[1]), {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)
        }
    except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError, ValueError, IndexError) as exc:
        raise Unavailable(f"error trying to reach service: {exc or type(exc).__name__}") from exc


async def _pump(source: Connection, sink: Connection) -> None:
    with contextlib.suppress(ClientGone):
        while data := await source.reader.read(CHUNK):
            await sink.write(data)


async def _either(*ways: Awaitable[None]) -> None:
    """Until one of them ends: then the conversation is over. Connections that break are no error."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _refuse(send: Send, code: int, body: bytes) -> None:
    await send_text(send, body.decode("utf-8", "replace"), code=code if code >= 400 else 502)
