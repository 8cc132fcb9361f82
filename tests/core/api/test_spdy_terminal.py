"""exec, attach and port-forward over plain SPDY: the test plays the client's frames."""

from __future__ import annotations

import orjson
import pytest

from sampan.core.api.spdy.frames import Data, GoAway, SynReply, SynStream
from sampan.core.api.subresources.spdy_terminal import PROTOCOLS
from tests.support.asgi import AsgiClient, Upgraded
from tests.support.node import PODS, FakeNode

pytestmark = pytest.mark.anyio

V4, V3, _, V1 = PROTOCOLS
EXEC = f"{PODS}/p/exec?command=cat&stdin=true&stdout=true&stderr=true"


async def opened(client: Upgraded, *kinds: str) -> None:
    """Open a stream of each kind; the first is number 1."""
    for number, kind in enumerate(kinds):
        client.send(SynStream(2 * number + 1, {"streamtype": kind}))
        assert await client.frame() == SynReply(2 * number + 1, {})


async def test_exec_carries_bytes_both_ways_and_says_how_it_ended(api: AsgiClient, node: FakeNode) -> None:
    node.stream.code = 3
    async with api.upgrade(EXEC, V4, V3) as client:
        assert await client.headers == {"X-Stream-Protocol-Version": V4}
        await opened(client, "error", "stdin", "stdout", "stderr")
        client.send(Data(3, b"hello"))
        assert await client.frame() == Data(5, b"hello")
        node.stream.said.put_nowait(("stderr", b"oops"))
        assert await client.frame() == Data(7, b"oops")
        client.send(Data(3, b"", fin=True))
        assert [await client.frame(), await client.frame()] == [Data(5, b"", fin=True), Data(7, b"", fin=True)]
        told = await client.frame()
        assert isinstance(told, Data)
        assert (told.stream, orjson.loads(told.data)["details"]["causes"][0]["message"]) == (1, "3")
        assert [await client.frame(), await client.frame()] == [Data(1, b"", fin=True), GoAway(7)]
    assert client.closed
    assert node.stream.closed
    assert node.asked[-1] == ("p", "c", ["cat"], False, True)


async def test_a_terminal_has_a_stream_for_its_size(api: AsgiClient, node: FakeNode) -> None:
    async with api.upgrade(f"{PODS}/p/attach?stdin=true&stdout=true&tty=true", V4) as client:
        await opened(client, "error", "stdin", "stdout", "resize")
        client.send(Data(7, b'{"Width":80,"Height":24}'), Data(3, b"x"))
        assert await client.frame() == Data(5, b"x")
    assert node.stream.sizes == [(80, 24)]


async def test_the_oldest_clients_hear_of_a_failure_in_a_sentence(api: AsgiClient, node: FakeNode) -> None:
    node.stream.code = 3
    async with api.upgrade(f"{PODS}/p/exec?command=ls&stdout=true", V1) as client:
        await opened(client, "error", "stdout")
        await node.stream.close_stdin()
        assert await client.frame() == Data(3, b"", fin=True)
        assert await client.frame() == Data(1, b"command terminated with non-zero exit code: exit status 3")


async def test_a_client_that_leaves_lets_go_of_the_process(api: AsgiClient, node: FakeNode) -> None:
    async with api.upgrade(EXEC, V4) as client:
        await opened(client, "error")
    assert node.stream.closed


async def test_streams_that_make_no_sense_are_refused(api: AsgiClient, node: FakeNode) -> None:
    async with api.upgrade(EXEC, V4) as client:
        await opened(client, "error")
        for number, kind in ((3, "error"), (5, "thoughts")):
            client.send(SynStream(number, {"streamtype": kind}))
            assert type(await client.frame()).__name__ == "RstStream"


@pytest.mark.parametrize(
    ("path", "code"),
    [("p/exec?command=ls&stdout=true&container=none", 400), ("absent/exec?command=ls&stdout=true", 404)],
)
async def test_what_is_wrong_with_the_request_comes_before_the_upgrade(
    api: AsgiClient, node: FakeNode, path: str, code: int
) -> None:
    async with api.upgrade(f"{PODS}/{path}", V4) as client:
        assert (await client.refused).code == code
    assert not client.headers.done()


async def test_a_client_of_another_protocol_hears_which_there_are(api: AsgiClient, node: FakeNode) -> None:
    async with api.upgrade(EXEC, "v9.channel.k8s.io") as client:
        refused = await client.refused
    assert refused.code == 403
    assert b"client supports [v9.channel.k8s.io], server accepts [v4.channel.k8s.io" in refused.raw


async def test_ports_are_forwarded_over_plain_spdy(api: AsgiClient, node: FakeNode) -> None:
    async with api.upgrade(f"{PODS}/p/portforward", "portforward.k8s.io") as client:
        assert await client.headers == {"X-Stream-Protocol-Version": "portforward.k8s.io"}
        headers = {"port": "80", "requestid": "0"}
        client.send(SynStream(1, {**headers, "streamtype": "error"}), SynStream(3, {**headers, "streamtype": "data"}))
        assert [await client.frame(), await client.frame()] == [SynReply(1, {}), SynReply(3, {})]
        client.send(Data(3, b"ping"))
        assert await client.frame() == Data(3, b"ping")
