"""``log``: what a container has said, and with ``follow`` what it goes on saying, as plain text or over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, cast

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.options import Query, flag, number
from sampan.core.api.request import Request
from sampan.core.api.subresources.containers import aim
from sampan.core.api.subresources.contract import Plain
from sampan.core.api.subresources.websocket import WebSocket
from sampan.core.classes import define
from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.errors import BadRequest, Cause, Invalid
from sampan.core.model.causes import forbidden, invalid, not_supported
from sampan.core.schema.refusal import aggregate

GET: Final = frozenset({"get"})
BINARY: Final = "binary.k8s.io"
BASE64: Final = "base64.binary.k8s.io"
SendPiece = Callable[[bytes], Awaitable[None]]
PLAIN_TEXT: Final = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-cache, private")]


@define(eq=False)
class LogSubresource(Plain):
    pipeline: Pipeline
    nodes: NodeDirectory

    def belongs(self, served: Served) -> bool:
        return "log" in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return GET

    async def serve(self, request: Request, call: Call) -> None:
        lines = await self._open(request, call)
        await request.send({"type": "http.response.start", "status": 200, "headers": PLAIN_TEXT})

        async def send(piece: bytes) -> None:
            await request.send({"type": "http.response.body", "body": piece, "more_body": True})

        await self._tell(request, lines, send)
        await request.send({"type": "http.response.body", "body": b""})

    async def connect(self, request: Request, call: Call) -> None:
        """Over a WebSocket: a message for each piece, as bytes or as the base64 of them."""
        lines = await self._open(request, call)
        socket = WebSocket(request.scope, request.receive, request.send)
        protocol = socket.choose((BINARY, BASE64, ""))
        await socket.accept(protocol)

        async def send(piece: bytes) -> None:
            if protocol == BASE64:
                await socket.write_text(b64encode(piece).decode())
            else:
                await socket.write(piece)

        await self._tell(request, lines, send)
        await socket.close()

    async def _open(self, request: Request, call: Call) -> AsyncIterator[bytes]:
        query = request.query
        options = log_options(query, number(query, "limitBytes"), self.pipeline.clock())
        target = await aim(self.pipeline, self.nodes, call, query.get("container", ""))
        return await target.streams.logs(target.pod, target.container, options, previous=flag(query, "previous"))

    async def _tell(self, request: Request, lines: AsyncIterator[bytes], send: SendPiece) -> None:
        """Until the log ends or the client goes."""
        sending = asyncio.create_task(send_lines(send, lines, number(request.query, "limitBytes")))
        leaving = asyncio.create_task(hang_up(request))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
            with contextlib.suppress(asyncio.CancelledError):
                await leaving


async def hang_up(request: Request) -> None:
    """Return when the client has gone."""
    while (await request.receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


async def send_lines(send: SendPiece, lines: AsyncIterator[bytes], limit: int | None) -> None:
    """Send up to ``limit`` bytes, each piece as it comes."""
    left = limit
    try:
        async for line in lines:
            piece = line if left is None else line[:left]
            await send(piece)
            if left is not None:
                left -= len(piece)
                if left <= 0:
                    return
    finally:
        close = getattr(lines, "aclose", None)
        if close is not None:
            await close()


def log_options(query: Query, limit: int | None, now: datetime) -> LogOptions:
    """Raises `BadRequest` for values that cannot be read and `Invalid` for those that make no sense."""
    tail, seconds = number(query, "tailLines"), number(query, "sinceSeconds")
    since_time = query.get("sinceTime", "")
    stream = query.get("stream", "") or "All"
    causes: list[Cause] = []
    if tail is not None and tail < 0:
        causes.append(invalid("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        causes.append(invalid("limitBytes", limit, "must be greater than 0"))
    if seconds is not None and since_time:
        causes.append(forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif seconds is not None and seconds < 1:
        causes.append(invalid("sinceSeconds", seconds, "must be greater than 0"))
    if stream not in ("All", "Stdout", "Stderr"):
        causes.append(not_supported("stream", stream, ("All", "Stdout", "Stderr")))
    if causes:
        said = f'PodLogOptions "" is invalid: {aggregate(causes)}'
        raise Invalid(said, kind="PodLogOptions", causes=causes)
    since = earlier(now, seconds) if seconds is not None else _parsed(since_time)
    return LogOptions(
        follow=flag(query, "follow"),
        tail_lines=tail,
        since=since,
        timestamps=flag(query, "timestamps"),
        stream=cast(Literal["All", "Stdout", "Stderr"], stream),
    )


def earlier(now: datetime, seconds: int) -> datetime:
    """Before the beginning of time is its beginning."""
    try:
        return now - timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _parsed(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse it') from None
    if moment.tzinfo is None:
        raise BadRequest(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": it has no time zone')
    return moment
