"""``exec`` and ``attach`` over plain SPDY: stdin, stdout, stderr, error and resize are streams that the client opens.

kubectl up to 1.29 and client-go's SPDY executor speak it; the versions are those of the channel protocol.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import attrs

from sampan.core.api.bodies import ClientGone
from sampan.core.api.spdy.errors import SpdyError
from sampan.core.api.spdy.frames import GoAway
from sampan.core.api.spdy.headers import Headers
from sampan.core.api.spdy.session import Session
from sampan.core.api.subresources.channels import ERROR, RESIZE, STDERR, STDIN, STDOUT, Piece, told_as
from sampan.core.api.takeover import Connection
from sampan.core.classes import define

log = logging.getLogger(__name__)

PROTOCOLS: Final = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
"""The best first."""
STREAM_SECONDS: Final = 30.0
"""How long the client's streams may take to come; the kubelet's default."""
CHANNELS: Final = {"stdin": STDIN, "stdout": STDOUT, "stderr": STDERR, "error": ERROR, "resize": RESIZE}


def channels_of(protocol: str, *, stdin: bool, listens: frozenset[int], tty: bool) -> frozenset[int]:
    """Those whose streams the client opens, by what it has asked for."""
    wanted = {ERROR, *listens}
    if stdin:
        wanted.add(STDIN)
    if tty and protocol in PROTOCOLS[:2]:
        wanted.add(RESIZE)
    return frozenset(wanted)


@define(eq=False)
class SpdyLine:
    """The client's end of one session: a `sampan.core.api.spdy.session.StreamHandler`."""

    connection: Connection
    protocol: str
    wanted: frozenset[int]
    _session: Session = attrs.field(init=False)
    _streams: dict[int, int] = attrs.field(factory=dict, init=False)
    """By channel."""
    _whole: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _pieces: asyncio.Queue[Piece | None] = attrs.field(factory=lambda: asyncio.Queue(1), init=False)
    _reading: asyncio.Task[None] | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._session = Session(self.connection.write, self)

    async def open(self) -> None:
        """Wait for the client's streams. Raises `ClientGone` where they do not come."""
        self._reading = asyncio.create_task(self._read(), name="spdy session")
        coming = asyncio.create_task(self._whole.wait())
        try:
            await asyncio.wait({coming, self._reading}, timeout=STREAM_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            coming.cancel()
        if not self._whole.is_set():
            raise ClientGone

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self.connection.close()

    async def _read(self) -> None:
        try:
            await self._session.run(self.connection.messages())
        except SpdyError as exc:
            log.info("a client's SPDY session: %s", exc)
        except ClientGone:
            pass
        await self._pieces.put(None)

    # What a conversation needs: as `sampan.core.api.subresources.channels.Channels`

    async def write(self, channel: int, data: bytes) -> None:
        await self._session.send_data(self._streams[channel], data)

    async def pieces(self) -> AsyncIterator[Piece]:
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def end(self, status: Mapping[str, Any]) -> None:
        for channel in (STDOUT, STDERR):
            if channel in self._streams:
                await self._session.finish(self._streams[channel])
        await self.write(ERROR, told_as(self.protocol == PROTOCOLS[0], status))
        await self._session.finish(self._streams[ERROR])
        await self._session.send(GoAway(self._session.last))

    # What the client does

    def begin(self, stream: int, headers: Headers) -> bool:
        channel = CHANNELS.get(headers.get("streamtype", ""))
        if channel is None or channel in self._streams:
            return False
        self._streams[channel] = stream
        return True

    async def ready(self, stream: int) -> None:
        if self.wanted <= self._streams.keys():
            self._whole.set()

    async def receive(self, stream: int, data: bytes, *, fin: bool) -> None:
        channel = next((each for each in (STDIN, RESIZE) if self._streams.get(each) == stream), None)
        if channel is None:
            return
        if data:
            await self._pieces.put(Piece(channel, data))
        if fin:
            await self._pieces.put(Piece(channel, closed=True))

    def reset(self, stream: int) -> None:
        """kubectl ends a stream so that it has no more use for: the session goes on until the command ends."""
