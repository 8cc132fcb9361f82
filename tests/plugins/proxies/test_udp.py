"""The userspace proxy's UDP sessions: how long a client keeps its socket, and how many clients there may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from sampan.core.contracts.proxy import Endpoint
from sampan.plugins.balancers.round_robin import RoundRobin
from sampan.plugins.proxies.userspace import udp
from sampan.plugins.proxies.userspace.candidates import Candidates
from sampan.plugins.proxies.userspace.seats import Seats
from sampan.plugins.proxies.userspace.udp import IDLE_SECONDS, UdpListener

pytestmark = pytest.mark.anyio

Address = tuple[str, int]
FIRST, SECOND, THIRD = (("127.0.0.1", port) for port in (1001, 1002, 1003))


class Server(asyncio.DatagramProtocol):
    """An endpoint: by which addresses the proxy's sessions come to it."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Address] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.heard.put_nowait(addr)


class Bench:
    """A listener with one endpoint, in a time that is moved by hand."""

    def __init__(self, server: Server, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = asyncio.get_running_loop()
        self.ahead = 0.0
        real = self.loop.time
        monkeypatch.setattr(self.loop, "time", lambda: real() + self.ahead)
        candidates = Candidates(RoundRobin())
        candidates.update([endpoint])
        self.server = server
        self.seats = Seats(2, each=2)
        self.listener = UdpListener("127.0.0.1", 0, candidates, self.seats)

    async def says(self, client: Address) -> Address:
        """The address by which the server knows this client."""
        self.listener.datagram_received(b"hello", client)
        async with asyncio.timeout(5):
            return await self.server.heard.get()

    def later(self, seconds: float) -> None:
        """The sweep comes when it is due; the loop's own timers know nothing of the time that was moved."""
        self.ahead += seconds
        self.listener._drop_idle(self.loop)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    ip, port = transport.get_extra_info("sockname")
    made = Bench(server, Endpoint(ip=ip, port=port), monkeypatch)
    yield made
    await made.listener.close()
    transport.close()
    await asyncio.sleep(0)  # in which the loop lets go of what was closed


async def test_a_client_that_is_silent_is_forgotten(bench: Bench) -> None:
    before = await bench.says(FIRST)
    bench.later(IDLE_SECONDS / 2)
    assert await bench.says(FIRST) == before
    bench.later(IDLE_SECONDS + 1)
    assert await bench.says(FIRST) != before


async def test_a_server_that_goes_on_talking_keeps_its_client(bench: Bench) -> None:
    before = await bench.says(FIRST)
    for _ in range(3):
        bench.ahead += IDLE_SECONDS - 1
        bench.listener.answer(FIRST, b"and another thing")
        bench.later(0)
    assert await bench.says(FIRST) == before


async def test_so_many_clients_and_no_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all services by the seats, of one by its own bound; who leaves makes room."""

    def comes(client: Address) -> bool:
        bench.listener.datagram_received(b"hello", client)
        return client in bench.listener._sessions

    assert [comes(each) for each in (FIRST, SECOND, THIRD)] == [True, True, False]
    bench.listener.forget(FIRST)
    assert comes(THIRD)
    monkeypatch.setattr(udp, "MOST_SESSIONS", 1)
    bench.listener.forget(SECOND)
    assert not comes(SECOND)
    bench.listener.forget(THIRD)
    assert comes(SECOND)


async def test_a_client_that_is_forgotten_while_it_is_connected_leaves_nothing_open(bench: Bench) -> None:
    bench.listener.datagram_received(b"hello", FIRST)
    session = bench.listener._sessions[FIRST]
    (dial,) = bench.listener._dials
    bench.listener.forget(FIRST)
    await dial
    assert session.transport is not None
    assert session.transport.is_closing()
