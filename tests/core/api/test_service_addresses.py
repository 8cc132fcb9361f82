"""Cluster addresses and node ports: given, kept, given back and never given twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.registry import Registry
from sampan.plugins.stores.memory import MemoryStore
from tests.support.asgi import TOKEN, AsgiClient

pytestmark = pytest.mark.anyio

SERVICES = "/api/v1/namespaces/default/services"


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


async def test_every_service_has_an_address_of_the_range_to_itself(api: AsgiClient) -> None:
    addresses = {(await api.post(SERVICES, service(f"s{n}"))).json["spec"]["clusterIP"] for n in range(20)}
    assert len(addresses) == 20
    assert all(address.startswith("10.96.0.") for address in addresses)


@pytest.mark.parametrize("spec", [{"clusterIP": "None"}, {"type": "ExternalName", "externalName": "example.com"}])
async def test_some_services_have_none(api: AsgiClient, spec: dict[str, Any]) -> None:
    made = (await api.post(SERVICES, service("s", **spec))).json["spec"]
    assert made.get("clusterIP", "None") == "None"


@pytest.mark.parametrize("address", ["10.96.0.77", "192.0.2.1"])
async def test_a_wanted_address_must_be_free_and_in_the_range(api: AsgiClient, address: str) -> None:
    await api.post(SERVICES, service("first", clusterIP="10.96.0.77"))
    refused = await api.post(SERVICES, service("second", clusterIP=address))
    assert (refused.code, refused.causes) == (422, [("FieldValueInvalid", "spec.clusterIPs")])


async def test_an_address_stays_with_its_service(api: AsgiClient) -> None:
    await api.post(SERVICES, service("s", clusterIP="10.96.0.77"))
    moved = await api.patch(f"{SERVICES}/s", {"spec": {"clusterIP": "192.0.2.1", "clusterIPs": ["192.0.2.1"]}})
    assert (moved.code, moved.causes) == (422, [("FieldValueInvalid", "spec.clusterIPs[0]")])


async def test_an_address_is_free_again_when_its_service_is_gone(api: AsgiClient) -> None:
    for name in ("first", "second"):
        assert (await api.post(SERVICES, service(name, clusterIP="10.96.0.77"))).code == 201
        await api.delete(f"{SERVICES}/{name}")


async def test_a_refused_service_keeps_nothing(api: AsgiClient) -> None:
    refused = await api.post(SERVICES, service("Bad_Name", clusterIP="10.96.0.77"))
    assert refused.code == 422
    assert (await api.post(SERVICES, service("good", clusterIP="10.96.0.77"))).code == 201


async def test_node_ports_come_and_go_with_the_type(api: AsgiClient) -> None:
    made = (await api.post(SERVICES, service("s", type="NodePort"))).json["spec"]["ports"][0]
    assert 30000 <= made["nodePort"] <= 32767

    body = service("s", type="NodePort", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81}])
    answer = await api.put(f"{SERVICES}/s", body)
    assert answer.code == 200, answer.json["message"]
    kept = answer.json["spec"]["ports"]
    assert kept[0]["nodePort"] == made["nodePort"]
    assert kept[1]["nodePort"] != made["nodePort"]

    taken = service("t", type="NodePort", ports=[{"port": 80, "nodePort": made["nodePort"]}])
    assert (await api.post(SERVICES, taken)).causes == [("FieldValueInvalid", "spec.ports[0].nodePort")]
    await api.put(f"{SERVICES}/s", service("s"))
    assert (await api.post(SERVICES, taken)).code == 201


async def test_what_is_taken_is_known_after_a_restart(
    api: AsgiClient, server: ApiServer, registry: Registry, store: MemoryStore, tmp_path: Path
) -> None:
    await api.post(SERVICES, service("s", clusterIP="10.96.0.77"))
    await server.stop()

    context = ClusterContext(config=Config(data_dir=tmp_path), service_cidr="10.96.0.0/24", admin_token=TOKEN)
    later = ApiServer(registry, store, context, NodeDirectory())
    await later.load()
    refused = await AsgiClient(later.app).post(SERVICES, service("t", clusterIP="10.96.0.77"))
    await later.stop()
    assert refused.code == 422
