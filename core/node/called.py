"""The agent's end of calls from an API server in another process: it waits on a few connections, and answers.

Each connection is one call's (`sampan.core.contracts.node_calls`); another takes its place at once. On the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from sampan.core.client.http import tls_for
from sampan.core.contracts.node_calls import (
    LONGEST,
    PIECE,
    STREAMS,
    Message,
    decode,
    encode,
    options_from_wire,
    place_of,
    pod_from_wire,
    usage_to_wire,
)
from sampan.core.contracts.streams import AsyncStream, NodeStreams
from sampan.core.errors import ApiError, BadRequest, InternalError, SampanError, ServiceUnavailable
from sampan.core.kubeconfig import Access
from sampan.core.loops import Background
from sampan.core.tasks import until_first

WAITING: Final = 3
"""Connections on which nothing is asked yet: calls that come together need not wait for a new one."""
MOST_CALLS: Final = 256
"""At a time; more wait for one of them to end."""
DIAL_TIMEOUT: Final = 10.0
LONGEST_RETRY: Final = 5.0
"""Seconds until an API server that is there again reaches the node's pods."""


class Called:
    """`start`, and `stop` when the agent ends. ``access`` is asked for each connection: certificates are renewed."""

    def __init__(
        self,
        node: str,
        access: Callable[[], Access],
        streams: NodeStreams,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._node = node
        self._access = access
        self._streams = streams
        self._sleep = sleep
        self._loops = [Background() for _ in range(WAITING)]
        self.calls: set[asyncio.Task[None]] = set()
        """That are being answered."""
        self._room = asyncio.Semaphore(MOST_CALLS)

    def start(self) -> None:
        for loop in self._loops:
            name = f"the connection by which {self._node} is called"
            loop.start(self._wait, name, self._sleep, longest_retry=LONGEST_RETRY)

    async def stop(self) -> None:
        """Nobody is answered any more. Idempotent."""
        for loop in self._loops:
            await loop.stop()
        for task in self.calls:
            task.cancel()
        await asyncio.gather(*self.calls, return_exceptions=True)

    async def _wait(self) -> None:
        """Until a connection is called on, which has a task of its own from then on."""
        async with self._room:
            pass
        connection = await self.dial()
        try:
            call = await connection.recv()
        except ConnectionClosed:
            raise ServiceUnavailable(f"{self._access().server} has hung up") from None
        except BaseException:
            await connection.close()
            raise
        task = asyncio.create_task(self._answer(connection, call), name=f"a call to {self._node}")
        self.calls.add(task)
        task.add_done_callback(self.calls.discard)

    async def dial(self) -> ClientConnection:
        """A connection on which nothing is asked yet. Raises `ServiceUnavailable`."""
        access = self._access()
        url = "wss" + access.server.removeprefix("https") + place_of(self._node)
        try:
            return await connect(
                url, ssl=tls_for(access), max_size=LONGEST, max_queue=4, compression=None, proxy=None,
                open_timeout=DIAL_TIMEOUT, close_timeout=1,
            )  # fmt: skip
        except (OSError, InvalidHandshake, TimeoutError) as exc:
            raise ServiceUnavailable(f"{access.server} does not take calls to {self._node}: {exc}") from exc

    async def _answer(self, connection: ClientConnection, call: str | bytes) -> None:
        async with self._room:
            try:
                await Answer(connection, self._streams).give(call)
            except ConnectionClosed:
                return  # who asked has gone
            finally:
                await connection.close()


class Answer:
    """To one call."""

    def __init__(self, connection: ClientConnection, streams: NodeStreams) -> None:
        self._connection = connection
        self._streams = streams

    async def give(self, said: str | bytes) -> None:
        """Raises `ConnectionClosed`."""
        try:
            await self._give(_message(said))
        except ApiError as exc:
            await self._say({"status": exc.to_status()})
        except SampanError as exc:
            await self._say({"status": InternalError(str(exc)).to_status()})

    async def _give(self, call: Message) -> None:
        streams, verb = self._streams, call.get("verb")
        if verb == "usage":
            await self._say({"value": usage_to_wire(await streams.usage())})
            return
        if verb == "page":
            page = await streams.page(call["method"], call["path"], call["query"])
            await self._say({"value": {"status": page.status, "content_type": page.content_type}})
            await self._bytes("stdout", page.body)
            await self._say({"end": True})
            return
        pod = pod_from_wire(call["pod"])
        if verb == "logs":
            options = options_from_wire(call["options"])
            await self._log(await streams.logs(pod, call["container"], options, previous=call["previous"]))
        elif verb == "exec":
            wants = {"tty": call["tty"], "stdin": call["stdin"]}
            await self._stream(await streams.exec(pod, call["container"], call["command"], **wants))
        elif verb == "attach":
            await self._stream(await streams.attach(pod, call["container"], tty=call["tty"], stdin=call["stdin"]))
        elif verb == "port_forward":
            await self._stream(await streams.port_forward(pod, call["port"]))
        else:
            raise BadRequest(f"this node's agent is too old to know {verb!r}")

    async def _log(self, lines: AsyncIterator[bytes]) -> None:
        try:
            await self._say({"value": {}})
            await until_first(self._tell_log(lines), self._connection.wait_closed())
        finally:
            if (close := getattr(lines, "aclose", None)) is not None:
                await close()

    async def _tell_log(self, lines: AsyncIterator[bytes]) -> None:
        async for line in lines:
            await self._bytes("stdout", line)
        await self._say({"end": True})

    async def _stream(self, stream: AsyncStream) -> None:
        """Until who asked hangs up: how a command has ended is asked for after its output."""
        try:
            await self._say({"value": {}})
            telling = asyncio.create_task(self._tell(stream))
            hearing = asyncio.create_task(self._hear(stream, telling))
            try:
                await hearing
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
        finally:
            await stream.close()

    async def _tell(self, stream: AsyncStream) -> None:
        while (piece := await stream.read()) is not None:
            await self._bytes(*piece)
        await self._say({"end": True})

    async def _hear(self, stream: AsyncStream, telling: asyncio.Task[None]) -> None:
        async for said in self._connection:
            if isinstance(said, bytes):
                with contextlib.suppress(ApiError):  # a process that has closed its input
                    await stream.write(said)
                continue
            wish = _message(said)
            if wish.get("close_stdin"):
                await stream.close_stdin()
            elif size := wish.get("resize"):
                await stream.resize(int(size[0]), int(size[1]))
            elif wish.get("exit_code"):
                await telling
                await self._say({"exit_code": await stream.exit_code()})

    async def _say(self, message: Message) -> None:
        await self._connection.send(encode(message))

    async def _bytes(self, name: str, data: bytes) -> None:
        """Waits while nobody reads."""
        for at in range(0, len(data), PIECE):
            await self._connection.send(STREAMS[name] + data[at : at + PIECE])


def _message(said: str | bytes) -> Mapping[str, Any]:
    """Raises `BadRequest`."""
    try:
        return decode(said if isinstance(said, str) else said.decode())
    except ValueError as exc:
        raise BadRequest(f"this is no call: {exc}") from exc
