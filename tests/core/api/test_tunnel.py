"""``kubectl port-forward``'s SPDY session without sockets: the test plays the client's frames and the pod's ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import attrs
import pytest

from sampan.core.api.bodies import ClientGone
from sampan.core.api.spdy.codec import Decoder, Encoder
from sampan.core.api.spdy.frames import (
    CANCEL,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    Data,
    Frame,
    GoAway,
    Ping,
    RstStream,
    SynReply,
    SynStream,
    WindowUpdate,
)
from sampan.core.api.subresources.forwarded import MOST_WAITING
from sampan.core.api.subresources.tunnel import Tunnel
from sampan.core.contracts.streams import AsyncStream, PodRef
from sampan.core.errors import InternalError
from tests.support.node import FakeNode
from tests.support.wait import until

pytestmark = pytest.mark.anyio

POD = PodRef(namespace="bay", name="boat", uid="u-1")
REFUSED = "error forwarding port 81 to pod boat_bay, uid u-1: connection refused"

KUBECTL = (
    "800300010000003D0000000100000000000078F9E3C6A7C202253A060606CE2248FC6482D22DA30138E59514A526E6420B17D65450D0430AEA"
    "2250A266B23000000000FFFF0000000101000000800300010000001C00000003000000000000826A4555082A851231D4A1190F000000FFFF"
)
"""What kubectl 1.32 sends for its first connection, to port 80: both streams, with the error stream's end in between."""


@attrs.define(eq=False)
class Port(AsyncStream):
    """A connection in the pod: what it `says` (empty: its end), what it `heard`, and whether it listens."""

    listens: asyncio.Event = attrs.field(factory=asyncio.Event)
    heard: bytes = b""
    ended: asyncio.Event = attrs.field(factory=asyncio.Event)
    closed: asyncio.Event = attrs.field(factory=asyncio.Event)
    taken: int = 0
    _says: asyncio.Queue[bytes] = attrs.field(factory=asyncio.Queue)

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._says.put_nowait(piece)

    async def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        piece = await self._says.get()
        self.taken += 1
        return ("stdout", piece) if piece else None

    async def write(self, data: bytes) -> None:
        await self.listens.wait()
        self.heard += data

    async def close_stdin(self) -> None:
        self.ended.set()

    async def resize(self, width: int, height: int) -> None:
        raise AssertionError("a connection has no size")

    async def exit_code(self) -> int:
        return 0

    async def close(self) -> None:
        self.closed.set()


class Harbour(FakeNode):
    """A node where everybody listens but on port 81; ``ports`` are the connections in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.ports: list[Port] = []
        self.deaf = False

    async def port_forward(self, pod: PodRef, port: int) -> AsyncStream:
        assert pod == POD
        if port == 81:
            raise InternalError("connection refused")
        made = Port()
        if not self.deaf:
            made.listens.set()
        self.ports.append(made)
        return made


@attrs.define(eq=False)
class Client:
    """kubectl's end: it sends frames and expects frames. While it does not `reads`, nothing gets through to it."""

    reads: asyncio.Event = attrs.field(factory=asyncio.Event)
    gone: bool = False
    sent: int = 0
    _to_server: asyncio.Queue[bytes | None] = attrs.field(factory=lambda: asyncio.Queue(1))
    _from_server: asyncio.Queue[Frame] = attrs.field(factory=asyncio.Queue)
    _encoder: Encoder = attrs.field(factory=Encoder)
    _decoder: Decoder = attrs.field(factory=Decoder)

    async def write(self, data: bytes) -> None:
        await self.reads.wait()
        if self.gone:
            raise ClientGone
        for frame in self._decoder.feed(data):
            self._from_server.put_nowait(frame)

    async def messages(self) -> AsyncIterator[bytes]:
        while (message := await self._to_server.get()) is not None:
            yield message

    async def send_bytes(self, data: bytes | None) -> None:
        await self._to_server.put(data)

    async def send(self, *frames: Frame) -> None:
        for frame in frames:
            await self.send_bytes(self._encoder.encode(frame))
            self.sent += 1

    async def expect(self, *frames: Frame) -> None:
        for frame in frames:
            assert await asyncio.wait_for(self._from_server.get(), 5) == frame

    async def open(self, error: int, port: int = 80, **more: str) -> int:
        """A connection, taken; its data stream is ``error + 2``."""
        common = {"port": str(port), "requestid": str(error), **more}
        await self.send(SynStream(error, {"streamtype": "error", **common}), Data(error, b"", fin=True))
        await self.expect(SynReply(error, {}))
        await self.send(SynStream(error + 2, {"streamtype": "data", **common}))
        await self.expect(SynReply(error + 2, {}))
        return error + 2


@pytest.fixture
def pod() -> Harbour:
    return Harbour()


@pytest.fixture
async def client(pod: Harbour) -> AsyncIterator[Client]:
    async for made in session(pod):
        yield made


async def session(pod: Harbour, **settings: Any) -> AsyncIterator[Client]:
    client = Client()
    client.reads.set()
    task = asyncio.create_task(Tunnel(pod, POD, client.write, **settings).run(client.messages()))
    yield client
    client.reads.set()
    if not task.done():
        await client.send_bytes(None)
    await asyncio.wait_for(task, 5)
    assert all(port.closed.is_set() for port in pod.ports)


async def test_kubectls_first_words_are_understood(client: Client, pod: Harbour) -> None:
    for byte in bytes.fromhex(KUBECTL):
        await client.send_bytes(bytes((byte,)))
    await client.expect(SynReply(1, {}), SynReply(3, {}))
    await until(lambda: pod.ports)
    pod.ports[0].say(b"ahoy", b"")
    await client.expect(Data(3, b"ahoy"), Data(1, b"", fin=True), Data(3, b"", fin=True))


async def test_a_connection_goes_both_ways_and_ends_with_the_pod(client: Client, pod: Harbour) -> None:
    data = await client.open(1)
    await client.send(Data(data, b"who "), Data(data, b"is there"))
    await until(lambda: pod.ports and pod.ports[0].heard == b"who is there")
    pod.ports[0].say(b"it is ", b"me", b"")
    await client.expect(Data(data, b"it is "), Data(data, b"me"), Data(1, b"", fin=True), Data(data, b"", fin=True))
    await asyncio.wait_for(pod.ports[0].closed.wait(), 5)


async def test_a_client_that_has_said_everything_may_still_listen(client: Client, pod: Harbour) -> None:
    data = await client.open(1)
    await client.send(Data(data, b"question", fin=True))
    await until(lambda: pod.ports)
    await asyncio.wait_for(pod.ports[0].ended.wait(), 5)
    assert pod.ports[0].heard == b"question"
    pod.ports[0].say(b"answer", b"")
    await client.expect(Data(data, b"answer"), Data(1, b"", fin=True), Data(data, b"", fin=True))


async def test_connections_do_not_mix(client: Client, pod: Harbour) -> None:
    streams = [await client.open(error) for error in (1, 5, 9)]
    for stream in reversed(streams):
        await client.send(Data(stream, str(stream).encode()))
    await until(lambda: [port.heard for port in pod.ports] == [b"3", b"7", b"11"])
    pod.ports[1].say(b"")
    await client.expect(Data(5, b"", fin=True), Data(7, b"", fin=True))
    pod.ports[0].say(b"still here")
    await client.expect(Data(3, b"still here"))


async def test_a_port_that_nobody_listens_on_is_told_on_the_error_stream(client: Client) -> None:
    data = await client.open(1, port=81)
    await client.expect(Data(1, REFUSED.encode()), Data(1, b"", fin=True), Data(data, b"", fin=True))


async def test_pings_come_back_but_for_those_that_are_ours(client: Client) -> None:
    await client.send(Ping(2), WindowUpdate(0, 1), Ping(3))
    await client.expect(Ping(3))


async def test_a_reset_ends_the_pods_side_too(client: Client, pod: Harbour) -> None:
    data = await client.open(1)
    await until(lambda: pod.ports)
    await client.send(RstStream(data, CANCEL), Data(data, b"too late"), RstStream(data, CANCEL))
    await client.expect(Data(1, b"", fin=True))
    await asyncio.wait_for(pod.ports[0].closed.wait(), 5)
    await client.send(Ping(1))
    await client.expect(Ping(1))
    assert pod.ports[0].heard == b""


async def test_a_pod_that_does_not_read_holds_up_the_client(client: Client, pod: Harbour) -> None:
    pod.deaf = True
    data, piece, count = await client.open(1), bytes(32 * 1024), 64

    sending = asyncio.create_task(client.send(*[Data(data, piece)] * count))
    await until(lambda: client.sent * len(piece) >= MOST_WAITING)
    await asyncio.wait({sending}, timeout=0.05)
    # One is with the pod, one with the reader, one in the message queue, one with the sender.
    assert client.sent <= 4 + MOST_WAITING // len(piece) + 4
    assert not sending.done()

    pod.ports[0].listens.set()
    await asyncio.wait_for(sending, 5)
    await until(lambda: len(pod.ports[0].heard) == count * len(piece))


async def test_a_connection_that_ends_holds_up_nobody(client: Client, pod: Harbour) -> None:
    pod.deaf = True
    data = await client.open(1)
    await until(lambda: pod.ports)
    sending = asyncio.create_task(client.send(*[Data(data, bytes(32 * 1024))] * 64))
    await asyncio.wait({sending}, timeout=0.05)
    assert not sending.done()

    pod.ports[0].say(b"")
    await asyncio.wait_for(sending, 5)
    await client.expect(Data(1, b"", fin=True), Data(data, b"", fin=True))
    await client.open(5)


async def test_a_client_that_does_not_read_holds_up_the_pod(client: Client, pod: Harbour) -> None:
    data = await client.open(1)
    await until(lambda: pod.ports)
    client.reads.clear()
    pod.ports[0].say(*[b"much"] * 100)
    await until(lambda: pod.ports[0].taken)
    for _ in range(50):
        await asyncio.sleep(0)
    assert pod.ports[0].taken == 1
    client.reads.set()
    await client.expect(*[Data(data, b"much")] * 100)


async def test_half_a_connection_is_given_up(pod: Harbour) -> None:
    async for client in session(pod, pair_seconds=0.01):
        await client.send(SynStream(1, {"streamtype": "error", "port": "80", "requestid": "7"}))
        await client.expect(
            SynReply(1, {}), Data(1, b"(request=7) timed out waiting for streams"), Data(1, b"", fin=True)
        )
    assert pod.ports == []


async def test_old_clients_number_their_requests_by_their_streams(client: Client, pod: Harbour) -> None:
    await client.open(5, requestid="")
    await until(lambda: pod.ports)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"streamtype": "data"},
        {"streamtype": "data", "port": "0"},
        {"streamtype": "data", "port": "65536"},
        {"streamtype": "data", "port": "http"},
        {"streamtype": "stdin", "port": "80"},
        {"port": "80"},
    ],
)
async def test_streams_that_make_no_sense_are_refused(client: Client, headers: dict[str, str]) -> None:
    await client.send(SynStream(1, {"requestid": "0", **headers}))
    await client.expect(RstStream(1, REFUSED_STREAM))
    await client.open(3)


async def test_a_connection_has_one_stream_of_each_kind(client: Client) -> None:
    headers = {"streamtype": "error", "port": "80", "requestid": "0"}
    await client.send(SynStream(1, headers), SynStream(3, headers))
    await client.expect(SynReply(1, {}), RstStream(3, REFUSED_STREAM))


@pytest.mark.parametrize("stream", [4, 3, 1])
async def test_streams_have_odd_numbers_that_rise(client: Client, stream: int) -> None:
    await client.open(1)
    await client.send(SynStream(stream, {"streamtype": "error", "port": "80"}))
    await client.expect(RstStream(stream, PROTOCOL_ERROR))


async def test_a_client_that_is_leaving_opens_nothing(client: Client, pod: Harbour) -> None:
    data = await client.open(1)
    await client.send(GoAway(0), SynStream(5, {"streamtype": "error", "port": "80"}), Data(data, b"last words"))
    await until(lambda: pod.ports and pod.ports[0].heard == b"last words")
    await client.send(Ping(1))
    await client.expect(Ping(1))


async def test_what_is_no_spdy_ends_the_session(client: Client, pod: Harbour) -> None:
    await client.open(1)
    await until(lambda: pod.ports)
    await client.send_bytes(b"\x80\x02" + bytes(6))
    await client.expect(GoAway(3, PROTOCOL_ERROR))
    await asyncio.wait_for(pod.ports[0].closed.wait(), 5)


async def test_connections_end_with_a_client_that_is_gone(client: Client, pod: Harbour) -> None:
    for error in (1, 5):
        await client.open(error)
    await until(lambda: len(pod.ports) == 2)
    client.gone = True
    pod.ports[0].say(b"nobody hears it")
    await asyncio.wait_for(pod.ports[0].closed.wait(), 5)
    await client.send_bytes(None)
    await asyncio.wait_for(pod.ports[1].closed.wait(), 5)
