"""Discovery, OpenAPI, health, version and metrics."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.catalog import version_rank
from sampan.core.api.server import ApiServer
from sampan.core.errors import InsufficientStorage
from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.meta import model
from sampan.core.schema.resource import resource_of
from sampan.plugins.stores.memory import MemoryStore
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@kind("example.com/v1", plural="boats", short_names=("bo",))
@model
class Boat(KubeObject):
    """A kind that a plugin brings."""


async def test_every_kind_and_subresource_is_discovered(api: AsgiClient) -> None:
    resources = {one["name"]: one for one in (await api.get("/api/v1")).json["resources"]}
    assert resources["pods"]["shortNames"] == ["po"]
    assert {"pods/log", "pods/exec", "pods/binding", "namespaces/finalize", "bindings"} <= set(resources)
    scale = next(
        one for one in (await api.get("/apis/apps/v1")).json["resources"] if one["name"] == "deployments/scale"
    )
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")


async def test_aggregated_discovery_is_one_document_that_clients_can_keep(api: AsgiClient) -> None:
    answer = await api.get("/apis", accept=f"{AGGREGATED},application/json")
    groups = {item["metadata"]["name"] for item in answer.json["items"]}
    assert answer.headers["content-type"] == AGGREGATED
    assert {"apps", "coordination.k8s.io", "discovery.k8s.io"} <= groups
    assert answer.headers["etag"]


async def test_a_kind_added_at_run_time_is_served_discovered_described_and_watched(
    api: AsgiClient, server: ApiServer
) -> None:
    before = (await api.get("/apis", accept=AGGREGATED)).headers["etag"]
    assert (await api.get("/apis/example.com/v1/boats")).code == 404

    await server.catalog.add(resource_of(Boat))

    made = await api.post("/apis/example.com/v1/namespaces/default/boats", {"metadata": {"name": "sampan"}})
    assert made.code == 201
    assert (await api.get("/apis/example.com/v1/boats")).json["items"][0]["metadata"]["name"] == "sampan"
    assert (await api.get("/apis", accept=AGGREGATED)).headers["etag"] != before
    schemas = (await api.get("/openapi/v3/apis/example.com/v1")).json["components"]["schemas"]
    assert "com.example.v1.Boat" in schemas
    async with api.watch("/apis/example.com/v1/boats?watch=true") as stream:
        assert (await stream.event())[1]["metadata"]["name"] == "sampan"

    server.catalog.remove(resource_of(Boat))
    assert (await api.get("/apis/example.com/v1/boats")).code == 404


async def test_openapi_documents_have_addresses_that_change_with_them(api: AsgiClient) -> None:
    paths = (await api.get("/openapi/v3")).json["paths"]
    address = paths["api/v1"]["serverRelativeURL"]
    document = await api.get(address)
    assert "io.k8s.api.core.v1.Pod" in document.json["components"]["schemas"]
    assert "immutable" in document.headers["cache-control"]
    assert "definitions" in (await api.get("/openapi/v2")).json
    protobuf = "application/com.github.proto-openapi.spec.v{}@v1.0+protobuf"
    assert (
        (await api.get("/openapi/v2", accept=protobuf.format(2))).headers["content-type"].startswith("application/com")
    )
    assert (await api.get("/openapi/v3/api/v1", accept=protobuf.format(3))).code == 406
    assert (await api.get("/openapi/v3/apis/nope/v1")).code == 404


async def test_version_health_and_metrics(api: AsgiClient) -> None:
    version = (await api.get("/version")).json
    assert (version["major"], version["minor"]) == ("1", "36")
    for path in ("/healthz", "/livez", "/readyz", "/livez/ping"):
        assert (await api.get(path)).raw == b"ok"
    assert "[+]etcd ok" in (await api.get("/readyz?verbose")).raw.decode()
    assert (await api.get("/healthz/nope")).code == 404
    lines = (await api.get("/livez?verbose&exclude=etcd")).raw.decode().splitlines()
    assert lines == ["[+]ping ok", "[+]log ok", "[+]etcd excluded: ok", "livez check passed"]
    text = (await api.get("/metrics")).raw.decode()
    labels = 'code="200",group="",resource="",scope="",subresource="",verb="GET",version=""'
    assert f"apiserver_request_total{{{labels}}}" in text


async def test_a_server_whose_store_is_gone_says_so(
    api: AsgiClient, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone() -> int:
        raise OSError("no such disk")

    monkeypatch.setattr(server.pipeline.store, "revision", gone)
    answer = await api.get("/readyz")
    assert answer.code == 500
    lines = answer.raw.decode().splitlines()
    assert lines == [
        "[+]ping ok",
        "[+]log ok",
        "[-]etcd failed: reason withheld",
        "[+]store-room ok",
        "readyz check failed",
    ]
    assert (await api.get("/livez/ping")).raw == b"ok"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_room(_: MemoryStore) -> None:
        raise InsufficientStorage("the disk is full: delete objects")

    monkeypatch.setattr(MemoryStore, "check_room", no_room)


async def test_a_server_with_a_full_disk_is_alive_but_not_ready(full_disk: None, api: AsgiClient) -> None:
    ready = await api.get("/readyz")
    assert ready.code == 500
    assert "[-]store-room failed: the disk is full: delete objects" in ready.raw.decode().splitlines()
    assert [(await api.get(path)).code for path in ("/livez", "/healthz")] == [200, 200]


async def test_what_nobody_in_particular_may_see(api: AsgiClient, server: ApiServer) -> None:
    nobody = AsgiClient(server.app, token="")
    stranger = AsgiClient(server.app, token="guessed")
    codes = {
        path: (await nobody.get(path)).code for path in ("/version", "/healthz", "/api", "/api/v1/pods", "/metrics")
    }
    assert codes == {"/version": 200, "/healthz": 200, "/api": 403, "/api/v1/pods": 403, "/metrics": 403}
    refused = await stranger.get("/version")
    assert (refused.code, refused.json["reason"]) == (401, "Unauthorized")


def test_versions_are_ranked_as_kubernetes_does() -> None:
    mixed = ["v1alpha1", "v10", "foo1", "v2beta1", "v1", "v2", "v11beta2", "v1beta2"]
    ranked = ["v10", "v2", "v1", "v11beta2", "v2beta1", "v1beta2", "v1alpha1", "foo1"]
    assert sorted(mixed, key=version_rank) == ranked


async def test_a_document_that_failed_is_made_anew(api: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise MemoryError("for a moment")

    with monkeypatch.context() as patched:
        patched.setattr("sampan.core.api.openapi.openapi_v3", broken)
        assert (await api.get("/openapi/v3/apis/apps/v1")).code == 500
    assert (await api.get("/openapi/v3/apis/apps/v1")).code == 200
