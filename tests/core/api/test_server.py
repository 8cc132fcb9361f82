"""The server over real TLS: tokens, client certificates, streams, and what start-up refuses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import websockets

from sampan.core.api import connection
from sampan.core.api.server import ApiServer, server_files
from sampan.core.api.spdy.codec import Decoder, Encoder
from sampan.core.api.spdy.frames import Data, Frame, SynStream
from sampan.core.api.subresources.tunnel import TUNNEL
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.errors import ConfigError
from sampan.core.host.listening import bind
from sampan.core.model.builtin import Pod, ServiceAccount
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.registry import Registry
from sampan.plugins.stores.memory import MemoryStore
from tests.support.node import FakeNode

pytestmark = pytest.mark.anyio

TOKEN = "over-tls"
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def listening(registry: Registry, store: MemoryStore, tmp_path: Path) -> AsyncIterator[ApiServer]:
    context = ClusterContext(config=Config(data_dir=tmp_path, port=0), service_cidr="10.96.0.0/24", admin_token=TOKEN)
    server = ApiServer(registry, store, context, NodeDirectory())
    await server.start(server_files(context, tmp_path / "pki"))
    yield server
    await server.stop()


def trusting(tmp_path: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tmp_path / "pki" / "ca.crt"))


async def test_the_administrator_comes_in_with_the_token(listening: ApiServer, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=listening.url, verify=trusting(tmp_path)) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        made = await client.post(MAPS, json={"metadata": {"name": "a"}, "data": {"k": "v"}})
        read = await client.get(f"{MAPS}/a")
        namespaces = await client.get("/api/v1/namespaces")
    assert (made.status_code, read.json()["data"]) == (201, {"k": "v"})
    found = [item["metadata"]["name"] for item in namespaces.json()["items"]]
    assert found == ["default", "kube-node-lease", "kube-public", "kube-system"]


async def test_a_client_certificate_of_the_cluster_is_a_user(listening: ApiServer, tmp_path: Path) -> None:
    files = server_files(ClusterContext(config=Config(data_dir=tmp_path), service_cidr=""), tmp_path / "pki")
    for name, groups, code in (("root", ["system:masters"], 200), ("jane", ["dev"], 403)):
        pem, key = files.authority.issue(name, datetime.now(UTC), organizations=groups)
        (tmp_path / "client.pem").write_text(pem + key)
        context = trusting(tmp_path)
        context.load_cert_chain(tmp_path / "client.pem")
        async with httpx.AsyncClient(base_url=listening.url, verify=context) as client:
            answer = await client.get("/api/v1/pods")
        assert answer.status_code == code
        if code == 403:
            said = 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope'
            assert answer.json()["message"] == said


async def test_a_client_that_reads_late_gets_every_event_once_and_in_order(
    listening: ApiServer, tmp_path: Path
) -> None:
    """The first events go straight to the connection, later ones wait for its client, the last go straight again."""
    async with httpx.AsyncClient(base_url=listening.url, verify=trusting(tmp_path), timeout=30) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"

        async def write(number: int, size: int) -> None:
            body = {"metadata": {"name": f"m{number}"}, "data": {"k": "v" * size}}
            assert (await client.post(MAPS, json=body)).status_code == 201

        async with client.stream("GET", MAPS, params={"watch": "true", "labelSelector": "!nothing"}) as answer:
            lines = answer.aiter_lines()

            async def names(count: int) -> list[str]:
                return [json.loads(await anext(lines))["object"]["metadata"]["name"] for _ in range(count)]

            for number in range(20):
                await write(number, 400_000)  # together more than any socket buffer holds
            assert await names(20) == [f"m{number}" for number in range(20)]
            await write(20, 1)
            assert await names(1) == ["m20"]


async def test_a_watch_streams_until_the_client_leaves(listening: ApiServer, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=listening.url, verify=trusting(tmp_path)) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        async with client.stream("GET", f"{MAPS}?watch=true") as answer:
            lines = answer.aiter_lines()
            await client.post(MAPS, json={"metadata": {"name": "a"}})
            async with asyncio.timeout(5):
                assert '"type":"ADDED"' in await anext(lines)


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": uvloop}) for uvloop in (False, True)])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "OPTIONS"])
async def test_who_speaks_http_without_tls_is_told(listening: ApiServer, method: str) -> None:
    reader, writer = await asyncio.open_connection(listening.listening.address, listening.listening.port)
    async with asyncio.timeout(5):
        writer.write(method[:3].encode())
        writer.write(f"{method[3:]} /version HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".encode())
        said = await reader.read()
    writer.close()
    assert said == b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": uvloop}) for uvloop in (False, True)])
async def test_what_is_neither_tls_nor_http_is_not_answered_in_http(listening: ApiServer) -> None:
    reader, writer = await asyncio.open_connection(listening.listening.address, listening.listening.port)
    writer.write(b"DELETE everything\r\n\r\n")
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            assert b"HTTP" not in await reader.read()
    writer.close()


async def test_a_stream_that_is_refused_says_why(listening: ApiServer, tmp_path: Path) -> None:
    url = listening.url.replace("https", "wss") + "/api/v1/namespaces/default/pods/absent/exec?command=ls&stdout=true"
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        await websockets.connect(
            url,
            ssl=trusting(tmp_path),
            subprotocols=[websockets.Subprotocol("v5.channel.k8s.io")],
            additional_headers={"Authorization": f"Bearer {TOKEN}"},
        )
    assert refused.value.response.status_code == 404
    assert b'pods \\"absent\\" not found' in refused.value.response.body


async def test_a_forwarded_ports_frames_are_cut_anywhere(
    listening: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kubectl sends a frame in several messages; others may send many in one, and that one in fragments. The name of the
    protocol is kubectl's too; the library of the test would not have it."""
    monkeypatch.setattr("websockets.client.parse_subprotocol", lambda header: [header])
    monkeypatch.setattr("websockets.asyncio.client.validate_subprotocols", list)
    node = FakeNode()
    listening.nodes.enter("n", node)
    client = listening.client()
    await client.create(ServiceAccount(metadata=ObjectMeta(name="default", namespace="default")))
    spec = PodSpec(node_name="n", containers=(Container(name="c", image="i"),))
    await client.create(Pod(metadata=ObjectMeta(name="p", namespace="default"), spec=spec))
    connection = websockets.connect(
        listening.url.replace("https", "wss") + "/api/v1/namespaces/default/pods/p/portforward",
        ssl=trusting(tmp_path),
        additional_headers={"Authorization": f"Bearer {TOKEN}"},
        subprotocols=[websockets.Subprotocol(TUNNEL)],
    )
    cargo = bytes(range(256)) * 12 * 1024  # 3 MiB
    encoder, decoder = Encoder(), Decoder()
    common = {"port": "80", "requestid": "0"}
    frames: list[Frame] = [
        SynStream(1, {"streamtype": "error", **common}),
        SynStream(3, {"streamtype": "data", **common}),
        Data(3, cargo),
        Data(3, b"", fin=True),
    ]
    wire = b"".join(encoder.encode(frame) for frame in frames)
    async with connection as socket, asyncio.timeout(20):
        assert socket.subprotocol == TUNNEL
        await socket.send(wire[:5])
        await socket.send([wire[5:100_000], wire[100_000:2_000_000], wire[2_000_000:]])
        answer: list[Frame] = []
        while Data(3, b"", fin=True) not in answer:
            answer += decoder.feed(await socket.recv(decode=False))
    assert b"".join(frame.data for frame in answer if isinstance(frame, Data)) == cargo


async def test_a_refused_stream_is_no_error_of_the_server(
    listening: ApiServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = listening.url.replace("https", "wss") + "/api/v1/namespaces/default/pods/absent/exec?command=ls&stdout=true"
    for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Bearer guess"}):
        with pytest.raises(websockets.exceptions.InvalidStatus):
            await websockets.connect(url, ssl=trusting(tmp_path), additional_headers=headers)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


# What a client may take before it has said who it is


@asynccontextmanager
async def connected(
    server: ApiServer, tmp_path: Path
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    address, port = server.listening.address, server.listening.port
    reader, writer = await asyncio.open_connection(address, port, ssl=trusting(tmp_path))
    try:
        async with asyncio.timeout(10):
            yield reader, writer
    finally:
        writer.transport.abort()


async def test_a_connection_that_says_nothing_is_closed(
    listening: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    async with connected(listening, tmp_path) as (reader, _):
        assert await reader.read() == b""


@pytest.mark.parametrize("beginning", [b"GET / HTTP/1.1\r\nX: ", b"\r\n"])
async def test_headers_that_never_end_are_not_waited_for(
    listening: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    async with connected(listening, tmp_path) as (reader, writer):
        writer.write(beginning)
        with contextlib.suppress(ConnectionError):
            await reader.read()


@pytest.mark.parametrize(
    ("beginning", "line"),
    [(b"GET /livez HTTP/1.1\r\n", b"x: %b\r\n"), (b"GET /livez HTTP/1.1\r\nx: ", b"%b"), (b"GET /", b"%b")],
    ids=["many lines", "one without end", "a path without end"],
)
async def test_headers_have_a_size(listening: ApiServer, tmp_path: Path, beginning: bytes, line: bytes) -> None:
    async with connected(listening, tmp_path) as (reader, writer):
        writer.write(beginning)
        with contextlib.suppress(ConnectionError):
            for _ in range(3000):
                writer.write(line % (b"x" * 1000))
                await writer.drain()
        assert (await reader.readline()).startswith(b"HTTP/1.1 431")


async def test_a_large_body_is_not_taken_for_headers(listening: ApiServer, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=listening.url, verify=trusting(tmp_path)) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        assert (await client.post(MAPS, content=b" " * 2_900_000)).status_code == 400
        assert (await client.post(MAPS, content=b" " * 3_300_000)).status_code == 413
        assert (await client.get("/livez")).status_code == 200


async def test_a_bad_request_is_not_worth_a_line_in_the_log(
    listening: ApiServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        async with connected(listening, tmp_path) as (reader, writer):
            writer.write(b"NONSENSE\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_stopping_does_not_wait_for_watchers(listening: ApiServer, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=listening.url, verify=trusting(tmp_path)) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        async with client.stream("GET", f"{MAPS}?watch=true") as answer:
            async with asyncio.timeout(5):
                await listening.stop()
                assert [line async for line in answer.aiter_lines()] == []


def test_a_port_that_is_taken_is_one_clear_sentence() -> None:
    first = bind("127.0.0.1", 0)
    port = first.getsockname()[1]
    with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
        bind("127.0.0.1", port)
    first.close()
