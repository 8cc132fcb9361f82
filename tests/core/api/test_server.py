"""The server over real TLS: tokens, client certificates, streams, and what start-up refuses."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import websockets

from sampan.core.api.server import ApiServer, bind, server_files
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.errors import ConfigError
from sampan.core.registry import Registry
from sampan.plugins.stores.memory import MemoryStore

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


async def test_a_watch_streams_until_the_client_leaves(listening: ApiServer, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=listening.url, verify=trusting(tmp_path)) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        async with client.stream("GET", f"{MAPS}?watch=true") as answer:
            lines = answer.aiter_lines()
            await client.post(MAPS, json={"metadata": {"name": "a"}})
            async with asyncio.timeout(5):
                assert '"type":"ADDED"' in await anext(lines)


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
