"""Cluster addresses and node ports: given, kept, given back and never given twice."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sampan.core.api.port_claims import PREFIX
from sampan.core.api.server import ApiServer
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.registry import Registry
from sampan.plugins.stores.memory import MemoryStore
from tests.support.asgi import TOKEN, AsgiClient

pytestmark = pytest.mark.anyio

SERVICES = "/api/v1/namespaces/default/services"
CLAIMS = "/apis/networking.k8s.io/v1/ipaddresses"
RANGES = "/apis/networking.k8s.io/v1/servicecidrs"


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


async def test_the_address_that_pods_know_the_host_by_is_no_services(api: AsgiClient) -> None:
    refused = await api.post(SERVICES, service("thief", clusterIP="10.96.0.254"))
    assert (refused.code, refused.causes) == (422, [("FieldValueInvalid", "spec.clusterIPs")])
    assert "provided IP is already allocated" in refused.json["message"]


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
    refused = await api.post(SERVICES, taken)
    assert refused.causes == [("FieldValueInvalid", "spec.ports[0].nodePort")]
    assert refused.json["message"].endswith(
        f"spec.ports[0].nodePort: Invalid value: {made['nodePort']}: provided port is already allocated"
    )
    outside = await api.post(SERVICES, service("u", type="NodePort", ports=[{"port": 80, "nodePort": 80}]))
    assert outside.json["message"].endswith(
        "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is"
        " 30000-32767"
    )
    await api.put(f"{SERVICES}/s", service("s"))
    assert (await api.post(SERVICES, taken)).code == 201


async def test_an_alias_becomes_a_service_with_address_and_port_and_back(api: AsgiClient) -> None:
    alias = service("s", type="ExternalName", externalName="example.com")
    await api.post(SERVICES, alias)
    opened = (await api.put(f"{SERVICES}/s", service("s", type="NodePort"))).json["spec"]
    address, port = opened["clusterIP"], opened["ports"][0]["nodePort"]
    assert address.startswith("10.96.0.")
    assert "externalName" not in opened
    again = (await api.put(f"{SERVICES}/s", alias)).json["spec"]
    assert (again["type"], "clusterIP" in again, "nodePort" in again["ports"][0]) == ("ExternalName", False, False)
    taken = service("t", type="NodePort", clusterIP=address, ports=[{"port": 80, "nodePort": port}])
    assert (await api.post(SERVICES, taken)).code == 201, "what it had is anybody's"


async def test_an_address_is_an_object_that_says_whose_it_is(api: AsgiClient) -> None:
    await api.post(SERVICES, service("s", clusterIP="10.96.0.77"))
    claim = (await api.get(f"{CLAIMS}/10.96.0.77")).json
    assert claim["spec"] == {"parentRef": {"resource": "services", "namespace": "default", "name": "s"}}
    assert claim["metadata"]["labels"] == {
        "ipaddress.kubernetes.io/ip-family": "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    await api.delete(f"{SERVICES}/s")
    assert (await api.get(f"{CLAIMS}/10.96.0.77")).code == 404


async def test_a_dry_run_claims_nothing(api: AsgiClient) -> None:
    made = await api.post(f"{SERVICES}?dryRun=All", service("s", type="NodePort", clusterIP="10.96.0.77"))
    assert made.json["spec"]["ports"][0]["nodePort"]
    assert [each["metadata"]["name"] for each in (await api.get(CLAIMS)).json["items"]] == ["10.96.0.1"]
    assert (await api.post(SERVICES, service("t", clusterIP="10.96.0.77"))).code == 201


async def test_ports_of_one_number_get_one_node_port_which_is_one_services(api: AsgiClient) -> None:
    ports = [{"name": each, "port": 53, "protocol": each.upper()} for each in ("tcp", "udp")]
    made = (await api.post(SERVICES, service("dns", type="NodePort", ports=ports))).json["spec"]["ports"]
    assert made[0]["nodePort"] == made[1]["nodePort"]
    other = [{"port": 80, "protocol": "SCTP", "nodePort": made[0]["nodePort"]}]
    refused = await api.post(SERVICES, service("other", type="NodePort", ports=other))
    assert (refused.code, refused.causes) == (422, [("FieldValueInvalid", "spec.ports[0].nodePort")])


async def test_a_further_range_gives_addresses_as_long_as_it_is_ready(api: AsgiClient) -> None:
    wanted = service("s", clusterIP="10.97.0.7")
    assert (await api.post(SERVICES, wanted)).code == 422
    await api.post(RANGES, {"metadata": {"name": "more"}, "spec": {"cidrs": ["10.97.0.0/28"]}})
    assert (await api.post(SERVICES, wanted)).code == 422, "nobody has seen it yet"
    now = "2030-01-01T00:00:00Z"
    ready = {"type": "Ready", "status": "True", "reason": "", "message": "", "lastTransitionTime": now}
    assert (await api.patch(f"{RANGES}/more/status", {"status": {"conditions": [ready]}})).code == 200
    assert (await api.post(SERVICES, wanted)).code == 201
    for address in ("10.97.0.0", "10.97.0.15"):
        assert (await api.post(SERVICES, service("t", clusterIP=address))).code == 422, "those mean the whole range"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"ipFamilyPolicy": "RequireDualStack"}, "spec.ipFamilyPolicy"),
        ({"ipFamilies": ["IPv6"]}, "spec.ipFamilies[0]"),
        ({"clusterIP": "fd00::7"}, "spec.clusterIPs[0]"),
        ({"ipFamilies": ["IPv4", "IPv6"]}, "spec.ipFamilyPolicy"),
    ],
)
async def test_a_family_that_the_cluster_has_not_is_refused(api: AsgiClient, spec: dict[str, Any], field: str) -> None:
    refused = await api.post(SERVICES, service("s", **spec))
    assert (refused.code, refused.causes) == (422, [("FieldValueInvalid", field)])


@pytest.mark.parametrize(
    ("spec", "policy", "families"),
    [
        ({}, "SingleStack", ["IPv4"]),
        ({"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", ["IPv4"]),
        ({"clusterIP": "None"}, "RequireDualStack", ["IPv4", "IPv6"]),
        ({"clusterIP": "None", "selector": {"a": "b"}}, "SingleStack", ["IPv4"]),
    ],
)
async def test_families_by_default(api: AsgiClient, spec: dict[str, Any], policy: str, families: list[str]) -> None:
    made = (await api.post(SERVICES, service("s", **spec))).json["spec"]
    assert (made["ipFamilyPolicy"], made["ipFamilies"]) == (policy, families)


async def test_two_servers_on_one_store_hand_nothing_out_twice(
    api: AsgiClient, server: ApiServer, registry: Registry, store: MemoryStore, tmp_path: Path
) -> None:
    context = ClusterContext(config=Config(data_dir=tmp_path), service_cidr="10.96.0.0/24", admin_token=TOKEN)
    second = ApiServer(registry, store, context, NodeDirectory())
    await second.load()
    clients = [api, AsgiClient(second.app)]
    bodies = [service(f"s{n}", type="NodePort") for n in range(40)]
    made = await asyncio.gather(*(clients[n % 2].post(SERVICES, body) for n, body in enumerate(bodies)))
    wanted = service("t", type="NodePort", clusterIP="10.96.0.5", ports=[{"port": 80, "nodePort": 32767}])
    same = await asyncio.gather(
        *(each.post(SERVICES, {**wanted, "metadata": {"generateName": "t"}}) for each in clients)
    )
    await second.stop()
    specs = [answer.json["spec"] for answer in made]
    assert len({spec["clusterIP"] for spec in specs}) == len({spec["ports"][0]["nodePort"] for spec in specs}) == 40
    assert sorted(answer.code for answer in same) == [201, 422]


async def test_a_port_that_was_claimed_for_nothing_is_free_after_a_minute(api: AsgiClient, store: MemoryStore) -> None:
    for number, since in ((30001, 0), (30002, datetime(2030, 1, 1, tzinfo=UTC).timestamp())):
        value = {"namespace": "default", "name": "never-stored", "since": since}
        await store.create(f"{PREFIX}{number}", json.dumps(value).encode())
    await api.post(SERVICES, service("seen"))  # by when both claims have been seen
    asked = [service(f"s{n}", type="NodePort", ports=[{"port": 80, "nodePort": n}]) for n in (30001, 30002)]
    assert [(await api.post(SERVICES, each)).code for each in asked] == [201, 422]


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
