"""Binding, scale, eviction, log, exec, attach and port-forward, with a node that the test plays."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import orjson
import pytest

from sampan.core.api.server import ApiServer
from sampan.core.api.spdy.codec import Encoder
from sampan.core.api.spdy.frames import Ping
from sampan.core.api.subresources.channels import V1, V1_TEXT, V4, V4_TEXT, V5
from sampan.core.api.subresources.tunnel import TUNNEL
from sampan.core.errors import InternalError, NotFound
from tests.support.asgi import AsgiClient
from tests.support.node import PODS, Echo, FakeNode, pod

pytestmark = pytest.mark.anyio

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


# Binding


async def test_a_pod_is_bound_once_and_says_so(api: AsgiClient) -> None:
    await api.post(PODS, pod("q"))
    binding = {"metadata": {"name": "q"}, "target": {"kind": "Node", "name": "n"}}
    bound = await api.post(f"{PODS}/q/binding", binding)
    again = await api.post("/api/v1/namespaces/default/bindings", binding)
    read = (await api.get(f"{PODS}/q")).json

    assert (bound.code, bound.json["status"], again.code) == (201, "Success", 409)
    assert read["spec"]["nodeName"] == "n"
    assert [each["type"] for each in read["status"]["conditions"]] == ["PodScheduled"]


@pytest.mark.parametrize(
    ("path", "binding", "code", "said"),
    [
        ("pods/q/binding", {}, 400, "name in URL does not match name in Binding object"),
        ("pods/q/binding", {"metadata": {"name": "p"}}, 400, "name in URL does not match name in Binding object"),
        ("pods/q/binding", {"metadata": {"name": "q"}}, 500, "target.name: Required value"),
        ("bindings", {"target": {"name": "n"}}, 400, "Name parameter required."),
        (
            "bindings",
            {"metadata": {"name": "q"}, "target": {"kind": "X"}},
            500,
            '[target.kind: Unsupported value: "X": supported values: "Node", "<empty>", target.name: Required value]',
        ),
    ],
)
async def test_bindings_that_bind_nothing(
    api: AsgiClient, path: str, binding: dict[str, Any], code: int, said: str
) -> None:
    refused = await api.post(f"/api/v1/namespaces/default/{path}", binding)
    assert (refused.code, refused.json["message"]) == (code, said)


async def test_a_binding_may_insist_on_one_pod_of_that_name(server: ApiServer, api: AsgiClient) -> None:
    made = (await api.post(PODS, pod("q"))).json
    wrong = {"metadata": {"name": "q", "uid": "other"}, "target": {"kind": "Node", "name": "n"}}
    assert (await api.post(f"{PODS}/q/binding", wrong)).code == 409
    await server.client().bind("default", "q", made["metadata"]["uid"], "n")
    assert (await api.get(f"{PODS}/q")).json["spec"]["nodeName"] == "n"


# Scale


async def make_deployment(api: AsgiClient) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    assert (await api.post(DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec})).code == 201


async def test_scale_shows_and_changes_the_number_alone(api: AsgiClient) -> None:
    await make_deployment(api)
    shown = (await api.get(f"{DEPLOYMENTS}/d/scale")).json
    changed = (await api.patch(f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": 5}, "status": {"replicas": 9}})).json

    assert (shown["kind"], shown["spec"], shown["status"]) == (
        "Scale", {"replicas": 2}, {"replicas": 0, "selector": "a=b"},
    )  # fmt: skip
    assert (changed["spec"], changed["status"]["replicas"]) == ({"replicas": 5}, 0)
    assert (await api.get(f"{DEPLOYMENTS}/d")).json["spec"]["replicas"] == 5


async def test_scale_keeps_to_versions_and_to_numbers(api: AsgiClient) -> None:
    await make_deployment(api)
    stale = {"metadata": {"name": "d", "resourceVersion": "1"}, "spec": {"replicas": 5}}
    assert (await api.put(f"{DEPLOYMENTS}/d/scale", stale)).code == 409
    refused = await api.patch(f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": -1}})
    assert (refused.code, refused.causes) == (422, [("FieldValueInvalid", "spec.replicas")])


# Logs


async def test_logs_with_their_options(api: AsgiClient, node: FakeNode) -> None:
    node.lines = [b"one\n", b"two\n"]
    whole = await api.get(f"{PODS}/p/log")
    cut = await api.get(f"{PODS}/p/log?limitBytes=6&tailLines=7&timestamps=true&sinceSeconds=60")
    assert (whole.raw, cut.raw) == (b"one\ntwo\n", b"one\ntw")
    options = node.asked[-1][1]
    assert (options.tail_lines, options.timestamps, str(options.since)) == (7, True, "2029-12-31 23:59:00+00:00")


async def test_following_a_log_sends_lines_as_they_come(api: AsgiClient, node: FakeNode) -> None:
    node.lines = [b"one\n"]
    async with api.watch(f"{PODS}/p/log?follow=true") as stream:
        assert await stream.line() == b"one"
        node.more.set()
        assert await stream.line() == b"later"


async def test_a_follower_that_leaves_ends_the_request(api: AsgiClient, node: FakeNode) -> None:
    node.lines = [b"one\n"]
    async with api.watch(f"{PODS}/p/log?follow=true") as stream:
        assert await stream.line() == b"one"
    # leaving the block fails if the request goes on


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("container=nope", 400),
        ("previous=true", 400),
        ("tailLines=-1", 422),
        ("limitBytes=0", 422),
        ("sinceSeconds=1&sinceTime=2030-01-01T00:00:00Z", 422),
        ("sinceTime=yesterday", 400),
    ],
)
async def test_logs_that_cannot_be(api: AsgiClient, node: FakeNode, query: str, code: int) -> None:
    assert (await api.get(f"{PODS}/p/log?{query}")).code == code


async def test_which_container_must_be_said_where_there_are_several(api: AsgiClient, node: FakeNode) -> None:
    await api.post(PODS, pod("two", "a", "b", nodeName="n"))
    refused = await api.get(f"{PODS}/two/log")
    assert (refused.code, "choose one of: [a b]" in refused.json["message"]) == (400, True)
    assert (await api.get(f"{PODS}/two/log?container=b")).code == 200


async def test_a_pod_that_is_nowhere_has_no_log(api: AsgiClient) -> None:
    await api.post(PODS, pod("q"))
    assert (await api.get(f"{PODS}/q/log")).json["message"] == "pod q does not have a host assigned"


# Exec and attach


@pytest.mark.parametrize("protocol", [V4, V5])
async def test_exec_carries_bytes_sizes_and_the_exit_code(api: AsgiClient, node: FakeNode, protocol: str) -> None:
    node.stream.code = 3
    query = "command=sh&command=-c&command=cat&stdin=true&stdout=true&stderr=true"
    async with api.connect(f"{PODS}/p/exec?{query}", protocol) as socket:
        assert await socket.message() == {"type": "websocket.accept", "subprotocol": protocol}
        socket.write(4, b'{"Width":80,"Height":24}')
        socket.write(0, b"hello")
        assert await socket.piece() == (1, b"hello")
        node.stream.said.put_nowait(("stderr", b"oops"))
        assert await socket.piece() == (2, b"oops")
        await node.stream.close_stdin()
        channel, raw = await socket.piece()
        closed = await socket.message()

    status = orjson.loads(raw)
    assert (channel, status["reason"], status["details"]["causes"][0]["message"]) == (3, "NonZeroExitCode", "3")
    assert closed == {"type": "websocket.close", "code": 1000}
    assert node.asked[-1] == ("p", "c", ["sh", "-c", "cat"], False, True)
    assert (node.stream.sizes, node.stream.closed) == ([(80, 24)], True)


async def test_version_five_closes_the_input(api: AsgiClient, node: FakeNode) -> None:
    async with api.connect(f"{PODS}/p/exec?command=cat&stdin=true&stdout=true", V5, V4) as socket:
        assert (await socket.message())["subprotocol"] == V5
        socket.write(255, b"\x00")
        channel, raw = await socket.piece()
    assert (channel, orjson.loads(raw)["status"]) == (3, "Success")


async def test_a_client_that_leaves_lets_go_of_the_process(api: AsgiClient, node: FakeNode) -> None:
    async with api.connect(f"{PODS}/p/attach?stdout=true", V5) as socket:
        assert (await socket.message())["type"] == "websocket.accept"
    assert node.stream.closed


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("p/exec?stdout=true", 400),
        ("p/exec?command=ls", 400),
        ("p/exec?command=ls&stdout=true&container=nope", 400),
        ("absent/exec?command=ls&stdout=true", 404),
        ("p/nope?command=ls", 404),
    ],
)
async def test_a_stream_is_refused_before_the_upgrade(api: AsgiClient, node: FakeNode, path: str, code: int) -> None:
    async with api.connect(f"{PODS}/{path}", V5) as socket:
        answer = await socket.message()
    assert (answer["type"], answer["status"]) == ("websocket.http.response.start", code)


async def test_without_a_common_protocol_there_is_no_upgrade(api: AsgiClient, node: FakeNode) -> None:
    async with api.connect(f"{PODS}/p/exec?command=ls&stdout=true", "SPDY/3.1") as socket:
        assert (await socket.message())["status"] == 400
    assert (await api.post(f"{PODS}/p/exec?command=ls&stdout=true", None)).json["message"] == "Upgrade request required"


async def test_strangers_may_not_exec(server: ApiServer, node: FakeNode) -> None:
    nobody = AsgiClient(server.app, token="")
    async with nobody.connect(f"{PODS}/p/exec?command=ls&stdout=true", V5) as socket:
        assert (await socket.message())["status"] == 403
    assert node.asked == []


@pytest.mark.parametrize("protocol", [(V4,), ()], ids=["version 4", "none"])
async def test_ports_are_forwarded_each_on_its_own_channels(
    api: AsgiClient, node: FakeNode, protocol: tuple[str, ...]
) -> None:
    async with api.connect(f"{PODS}/p/portforward?ports=80,1", *protocol) as socket:
        assert (await socket.message())["type"] == "websocket.accept"
        heads = [await socket.piece() for _ in range(4)]
        refused = await socket.piece()
        socket.write(0, b"ping")
        assert await socket.piece() == (0, b"ping")
    assert sorted(heads) == [(0, b"\x50\x00"), (1, b"\x50\x00"), (2, b"\x01\x00"), (3, b"\x01\x00")]
    assert refused[0] == 3
    assert refused[1].startswith(b"error forwarding port 1 to pod p_default, uid ")
    assert refused[1].endswith(b": connection refused")


@pytest.mark.parametrize("ports", ["%C2%B2", "9" * 5000, ",".join(["80"] * 128)], ids=["no digit", "long", "many"])
async def test_ports_that_are_none_or_too_many(api: AsgiClient, node: FakeNode, ports: str) -> None:
    async with api.connect(f"{PODS}/p/portforward?ports={ports}", V4) as socket:
        assert (await socket.message())["status"] == 400


async def test_what_a_client_sends_before_the_port_is_open_gets_there(
    api: AsgiClient, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = asyncio.Event()

    async def slowly(pod: Any, port: int) -> Any:
        await opening.wait()
        return node.stream

    monkeypatch.setattr(node, "port_forward", slowly)
    async with api.connect(f"{PODS}/p/portforward?ports=80", V4) as socket:
        socket.write(0, b"GET /")
        assert (await socket.message())["type"] == "websocket.accept"
        assert sorted([await socket.piece(), await socket.piece()]) == [(0, b"\x50\x00"), (1, b"\x50\x00")]
        opening.set()
        assert await socket.piece() == (0, b"GET /")


@pytest.mark.parametrize("protocol", [(), (V1,)])
async def test_old_protocols_tell_success_by_silence_and_failure_by_a_sentence(
    api: AsgiClient, node: FakeNode, protocol: tuple[str, ...]
) -> None:
    for code, told in ((0, []), (3, [(3, b"command terminated with non-zero exit code: exit status 3")])):
        node.stream = Echo(code=code)
        async with api.connect(f"{PODS}/p/exec?command=cat&stdin=true&stdout=true", *protocol) as socket:
            assert (await socket.message())["subprotocol"] == (protocol[0] if protocol else None)
            await node.stream.close_stdin()
            said = [await socket.piece() for _ in told]
            assert said == told
            while (last := await socket.message())["type"] == "websocket.send":
                assert len(last["bytes"]) == 1
            assert last["type"] == "websocket.close"


async def test_those_who_can_only_send_text_have_channels_of_base64(api: AsgiClient, node: FakeNode) -> None:
    async with api.connect(f"{PODS}/p/exec?command=cat&stdin=true&stdout=true", V1_TEXT) as socket:
        assert (await socket.message())["subprotocol"] == V1_TEXT
        assert (await socket.message())["text"] == "1"
        socket.client({"type": "websocket.receive", "text": "0" + b64encode(b"hello").decode()})
        assert (await socket.message())["text"] == "1" + b64encode(b"hello").decode()


async def test_a_container_that_does_not_run_is_refused_in_plain_words(
    api: AsgiClient, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> Any:
        raise NotFound('container not found ("c")')

    monkeypatch.setattr(node, "exec", refuse)
    async with api.connect(f"{PODS}/p/exec?command=ls&stdout=true", V5) as socket:
        answer = [await socket.message() for _ in range(2)]
    assert (answer[0]["status"], answer[1]["body"]) == (500, b'container not found ("c")')


async def test_a_command_that_cannot_be_run_is_told_on_the_error_channel(
    api: AsgiClient, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise InternalError('exec: "nosuch": executable file not found in $PATH')

    monkeypatch.setattr(node, "exec", fail)
    async with api.connect(f"{PODS}/p/exec?command=nosuch&stdout=true", V5) as socket:
        assert (await socket.message())["type"] == "websocket.accept"
        channel, raw = await socket.piece()
    status = orjson.loads(raw)
    assert (channel, status["status"], status["reason"]) == (3, "Failure", "InternalError")
    said = 'error executing command in container: exec: "nosuch": executable file not found in $PATH'
    assert status["message"] == f"Internal error occurred: {said}"


@pytest.mark.parametrize(
    ("protocol", "field", "line"), [("binary.k8s.io", "bytes", b"one\n"), ("base64.binary.k8s.io", "text", "b25lCg==")]
)
async def test_logs_come_over_a_websocket_too(
    api: AsgiClient, node: FakeNode, protocol: str, field: str, line: object
) -> None:
    node.lines = [b"one\n"]
    async with api.connect(f"{PODS}/p/log", protocol) as socket:
        assert (await socket.message())["subprotocol"] == protocol
        assert (await socket.message())[field] == line
        assert (await socket.message())["type"] == "websocket.close"


async def test_port_forward_speaks_spdy_to_those_who_ask_for_it(api: AsgiClient, node: FakeNode) -> None:
    ping = Encoder().encode(Ping(1))
    async with api.connect(f"{PODS}/p/portforward", TUNNEL) as socket:
        assert await socket.message() == {"type": "websocket.accept", "subprotocol": TUNNEL}
        for byte in ping:
            socket.client({"type": "websocket.receive", "bytes": bytes((byte,))})
        assert await socket.message() == {"type": "websocket.send", "bytes": ping}


async def test_port_forward_ends_where_it_hears_no_spdy(api: AsgiClient, node: FakeNode) -> None:
    async with api.connect(f"{PODS}/p/portforward", TUNNEL) as socket:
        await socket.message()
        socket.client({"type": "websocket.receive", "bytes": b"\x80\x02" + bytes(6)})
        assert (await socket.message())["type"] == "websocket.send"  # GOAWAY
        assert await socket.message() == {"type": "websocket.close", "code": 1002}


async def test_port_forward_says_which_protocols_it_speaks(api: AsgiClient, node: FakeNode) -> None:
    async with api.connect(f"{PODS}/p/portforward?ports=80", "v9.channel.k8s.io") as socket:
        refused = [await socket.message() for _ in range(2)]
    assert refused[0]["status"] == 400
    said = orjson.loads(refused[1]["body"])["message"]
    assert said.endswith(f"the client offers none of the protocols {TUNNEL}, {V4}, {V4_TEXT}")
