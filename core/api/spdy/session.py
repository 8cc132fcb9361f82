"""A server's end of one SPDY session: numbers of streams, pings and goodbyes. What a stream is for is its handler's affair.

One task reads (`Session.run`), any may send. Kubernetes' SPDY has no flow control: its library neither sends nor heeds
WINDOW_UPDATE. So a handler that does not take what came holds up the session, instead of filling memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol

import attrs

from sampan.core.api.spdy.codec import Decoder, Encoder
from sampan.core.api.spdy.errors import SpdyError
from sampan.core.api.spdy.frames import (
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    Data,
    Frame,
    GoAway,
    Ping,
    RstStream,
    SynReply,
    SynStream,
)
from sampan.core.api.spdy.headers import Headers
from sampan.core.classes import define

PIECE: Final = 64 * 1024
"""Bytes of one `Data` at most, so that streams take turns."""


class StreamHandler(Protocol):
    """Who the client's streams are for."""

    def begin(self, stream: int, headers: Headers) -> bool:
        """A stream that the client wants to open: is it taken?"""
        ...

    async def ready(self, stream: int) -> None:
        """The client has been told that its stream is taken."""
        ...

    async def receive(self, stream: int, data: bytes, *, fin: bool) -> None:
        """Returns when the session may go on. Also for streams that have ended: what comes there is dropped."""
        ...

    def reset(self, stream: int) -> None:
        """The client has ended a stream at once."""
        ...


@define(eq=False)
class Session:
    """``write`` sends bytes to the client, and waits while the client does not read."""

    write: Callable[[bytes], Awaitable[None]]
    handler: StreamHandler
    last: int = attrs.field(default=0, init=False)
    """The number of the newest stream."""
    _encoder: Encoder = attrs.field(factory=Encoder, init=False)
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    _leaving: bool = attrs.field(default=False, init=False)

    async def run(self, messages: AsyncIterator[bytes]) -> None:
        """Until the client leaves. Raises `SpdyError`, after the goodbye, where what it sends is no SPDY."""
        decoder = Decoder()
        try:
            async for message in messages:
                for frame in decoder.feed(message):
                    await self._handle(frame)
        except SpdyError:
            await self.send(GoAway(self.last, PROTOCOL_ERROR))
            raise

    async def send(self, frame: Frame) -> None:
        """One at a time, in the order in which their headers were packed; streams take turns."""
        async with self._turn:
            await self.write(self._encoder.encode(frame))

    async def send_data(self, stream: int, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            await self.send(Data(stream, data[start : start + PIECE]))

    async def finish(self, stream: int) -> None:
        """Nothing more is said there."""
        await self.send(Data(stream, b"", fin=True))

    async def _handle(self, frame: Frame) -> None:
        match frame:
            case SynStream():
                await self._begin(frame)
            case Data():
                await self.handler.receive(frame.stream, frame.data, fin=frame.fin)
            case RstStream():
                self.handler.reset(frame.stream)
            case Ping() if frame.id % 2:
                await self.send(frame)
            case GoAway():
                self._leaving = True
            case _:
                return  # settings, windows and further headers: nothing here depends on them

    async def _begin(self, frame: SynStream) -> None:
        if self._leaving:
            return
        if frame.stream % 2 == 0 or frame.stream <= self.last:
            await self.send(RstStream(frame.stream, PROTOCOL_ERROR))
            return
        self.last = frame.stream
        if not self.handler.begin(frame.stream, frame.headers):
            await self.send(RstStream(frame.stream, REFUSED_STREAM))
            return
        await self.send(SynReply(frame.stream, {}))
        if frame.fin:
            await self.handler.receive(frame.stream, b"", fin=True)
        await self.handler.ready(frame.stream)
