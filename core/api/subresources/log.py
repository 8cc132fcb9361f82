"""``log``: what a container has said, and with ``follow`` what it goes on saying, as plain text."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final, Literal, cast

import attrs

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.options import Query, flag, number
from sampan.core.api.request import Request
from sampan.core.api.responses import Send
from sampan.core.api.subresources.containers import aim
from sampan.core.api.subresources.contract import Plain
from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.errors import BadRequest, Cause, Invalid
from sampan.core.model.causes import forbidden, invalid, not_supported
from sampan.core.schema.refusal import aggregate

GET: Final = frozenset({"get"})
PLAIN_TEXT: Final = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-cache, private")]


@attrs.define(eq=False)
class LogSubresource(Plain):
    pipeline: Pipeline
    nodes: NodeDirectory

    def belongs(self, served: Served) -> bool:
        return "log" in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return GET

    async def serve(self, request: Request, call: Call) -> None:
        query = request.query
        limit = number(query, "limitBytes")
        options = log_options(query, limit, self.pipeline.clock())
        target = await aim(self.pipeline, self.nodes, call, query.get("container", ""))
        lines = await target.streams.logs(target.pod, target.container, options, previous=flag(query, "previous"))
        await request.send({"type": "http.response.start", "status": 200, "headers": PLAIN_TEXT})
        sending = asyncio.create_task(send_lines(request.send, lines, limit))
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
        await request.send({"type": "http.response.body", "body": b""})


async def hang_up(request: Request) -> None:
    """Return when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def send_lines(send: Send, lines: AsyncIterator[bytes], limit: int | None) -> None:
    """Send up to ``limit`` bytes, each piece as it comes."""
    left = limit
    try:
        async for line in lines:
            piece = line if left is None else line[:left]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
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
    since = now - timedelta(seconds=seconds) if seconds is not None else _parsed(since_time)
    return LogOptions(
        follow=flag(query, "follow"),
        tail_lines=tail,
        since=since,
        timestamps=flag(query, "timestamps"),
        stream=cast(Literal["All", "Stdout", "Stderr"], stream),
    )


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
