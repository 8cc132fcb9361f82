"""Port-forward over SPDY, plain or inside of a WebSocket: any number of connections, each a pair of streams.

The messages are the bytes of SPDY/3.1, cut anywhere. For each connection the client opens an ``error`` stream and a
``data`` stream, with the same ``requestid`` and ``port`` in their headers:
https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets.

A connection whose pod does not read holds up the others of its session once its `Inlet` is full, as with the kubelet.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import attrs

from sampan.core.api.bodies import ClientGone
from sampan.core.api.spdy.errors import SpdyError
from sampan.core.api.spdy.headers import Headers
from sampan.core.api.spdy.session import Session
from sampan.core.api.subresources.forwarded import Forwarded
from sampan.core.classes import define
from sampan.core.contracts.streams import AsyncStream, NodeStreams, PodRef
from sampan.core.errors import SampanError

log = logging.getLogger(__name__)

TUNNEL: Final = "SPDY/3.1+portforward.k8s.io"
PORTS: Final = range(1, 65536)
PAIR_SECONDS: Final = 30.0
"""How long the second stream of a connection may take; the kubelet's default."""


@define(eq=False)
class Pair:
    """The two streams of a connection; 0: not there yet."""

    request: str
    port: int
    forwarded: Forwarded = attrs.field(init=False)
    error: int = 0
    data: int = 0
    whole: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    reset: set[int] = attrs.field(factory=set, init=False)
    """Those that the client has ended at once: nothing is sent there."""


@define(eq=False)
class Tunnel:
    """One session: a `sampan.core.api.spdy.session.StreamHandler`. ``write`` as for a `Session`."""

    streams: NodeStreams
    pod: PodRef
    write: Callable[[bytes], Awaitable[None]]
    pair_seconds: float = PAIR_SECONDS
    _session: Session = attrs.field(init=False)
    _halves: dict[int, Pair] = attrs.field(factory=dict, init=False)
    """Stream → the connection that it is a half of, until that ends."""
    _lonely: dict[str, Pair] = attrs.field(factory=dict, init=False)
    """Request → the connection that waits for its other half."""
    _tasks: set[asyncio.Task[None]] = attrs.field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._session = Session(self.write, self)

    async def run(self, messages: AsyncIterator[bytes]) -> bool:
        """Until the client leaves (true) or what it sends is no SPDY (false). Raises `ClientGone` where it breaks off."""
        try:
            await self._session.run(messages)
        except SpdyError as exc:
            log.info("port-forward to %s/%s: %s", self.pod.namespace, self.pod.name, exc)
            return False
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        return True

    # What the client does

    def begin(self, stream: int, headers: Headers) -> bool:
        return self._pair_for(stream, headers) is not None

    async def ready(self, stream: int) -> None:
        pair = self._halves.get(stream)
        if pair is not None and pair.error and pair.data:
            self._lonely.pop(pair.request, None)
            pair.whole.set()

    async def receive(self, stream: int, data: bytes, *, fin: bool) -> None:
        pair = self._halves.get(stream)
        if pair is None or stream != pair.data or stream in pair.reset:
            return
        await pair.forwarded.inlet.put(data)
        if fin:
            await pair.forwarded.inlet.end()

    def reset(self, stream: int) -> None:
        pair = self._halves.get(stream)
        if pair is not None:
            pair.reset.add(stream)
            pair.forwarded.abandoned.set()

    def _pair_for(self, stream: int, headers: Headers) -> Pair | None:
        """The connection that the stream is a half of, with the stream in it. ``None``: it cannot be."""
        kind, text = headers.get("streamtype"), headers.get("port", "")
        if kind not in ("error", "data") or not text.isdecimal() or int(text) not in PORTS:
            return None
        request = request_of(stream, headers)
        pair = self._lonely.get(request) or self._new_pair(request, int(text))
        if getattr(pair, kind):
            return None
        setattr(pair, kind, stream)
        self._halves[stream] = pair
        return pair

    def _new_pair(self, request: str, port: int) -> Pair:
        pair = self._lonely[request] = Pair(request, port)

        async def connect() -> AsyncStream:
            return await self.streams.port_forward(self.pod, port)

        async def deliver(data: bytes) -> None:
            await self._session.send_data(pair.data, data)

        pair.forwarded = Forwarded(connect, deliver)
        task = asyncio.create_task(self._serve(pair), name=f"port-forward {self.pod.name}:{port}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return pair

    # A connection's task

    async def _serve(self, pair: Pair) -> None:
        with contextlib.suppress(ClientGone):
            problem = await self._carry(pair)
            self._forget(pair)
            if problem and pair.error and pair.error not in pair.reset:
                await self._session.send_data(pair.error, problem.encode())
            for stream in (pair.error, pair.data):
                if stream and stream not in pair.reset:
                    await self._session.finish(stream)

    async def _carry(self, pair: Pair) -> str:
        """From a connection's first stream to its end; what went wrong, in the kubelet's words."""
        try:
            async with asyncio.timeout(self.pair_seconds):
                await pair.whole.wait()
        except TimeoutError:
            return f"(request={pair.request}) timed out waiting for streams"
        begin = f"error forwarding port {pair.port} to pod {self.pod.name}_{self.pod.namespace}, uid {self.pod.uid}"
        try:
            await pair.forwarded.run()
        except (SampanError, OSError) as exc:
            return f"{begin}: {exc}"
        except ClientGone:
            raise
        except Exception:
            log.exception("forwarding port %d to %s failed", pair.port, self.pod)
            return f"{begin}: an error in the server"
        return ""

    def _forget(self, pair: Pair) -> None:
        for stream in (pair.error, pair.data):
            self._halves.pop(stream, None)
        if self._lonely.get(pair.request) is pair:
            del self._lonely[pair.request]


def request_of(stream: int, headers: Headers) -> str:
    """What the two streams of a connection have in common. Old clients do not say it, and open the data stream right after
    the error stream."""
    return headers.get("requestid") or str(stream if headers["streamtype"] == "error" else stream - 2)
