"""One forwarded connection: bytes between a client's stream and a port in a pod, with a bound on what waits in between.

A task of its own for each (`Forwarded.run`); the task that reads from the client hands it what came.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from sampan.core.classes import define
from sampan.core.contracts.streams import AsyncStream
from sampan.core.tasks import until_first

MOST_WAITING: Final = 256 * 1024
"""Bytes from the client that the pod has not taken, after which the client is not read."""


@define(eq=False)
class Inlet:
    """What the client has sent and the pod has not taken yet."""

    _pieces: deque[bytes] = attrs.field(factory=deque, init=False)
    _size: int = attrs.field(default=0, init=False)
    _ended: bool = attrs.field(default=False, init=False)
    _closed: bool = attrs.field(default=False, init=False)
    _changed: asyncio.Condition = attrs.field(factory=asyncio.Condition, init=False)

    async def put(self, data: bytes) -> None:
        """Waits for room; returns at once where nobody takes any more."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._size < MOST_WAITING or self._closed)
            if data and not self._closed and not self._ended:
                self._pieces.append(data)
                self._size += len(data)
                self._changed.notify_all()

    async def take(self) -> bytes:
        """The next piece; empty at the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._pieces or self._ended)
            if not self._pieces:
                return b""
            piece = self._pieces.popleft()
            self._size -= len(piece)
            self._changed.notify_all()
            return piece

    async def end(self) -> None:
        """The client has said everything."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def close(self) -> None:
        """Nobody takes any more."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()


@define(eq=False)
class Forwarded:
    """``connect`` reaches the port, ``deliver`` brings the pod's bytes to the client and waits until it takes them."""

    connect: Callable[[], Awaitable[AsyncStream]]
    deliver: Callable[[bytes], Awaitable[None]]
    inlet: Inlet = attrs.field(factory=Inlet, init=False)
    abandoned: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    """Set when the client has no use for the connection any more."""

    async def run(self) -> None:
        """Until the pod has said everything (what the client still had to say is lost then, as with the kubelet) or the
        client has abandoned it. Raises what ``connect``, ``deliver`` and the stream raise."""
        try:
            stream = await self.connect()
            try:
                await self._carry(stream)
            finally:
                await stream.close()
        finally:
            await self.inlet.close()

    async def _carry(self, stream: AsyncStream) -> None:
        await until_first(self._out(stream), self._in(stream), self.abandoned.wait())

    async def _out(self, stream: AsyncStream) -> None:
        while (piece := await stream.read()) is not None:
            await self.deliver(piece[1])

    async def _in(self, stream: AsyncStream) -> None:
        """The client's end is only half of the connection's: the pod may go on."""
        while data := await self.inlet.take():
            await stream.write(data)
        await stream.close_stdin()
        await self.abandoned.wait()
