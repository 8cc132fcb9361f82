"""Services of a cluster with IPv4 and IPv6: families, policies, addresses, and how they change."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

SERVICES = "/api/v1/namespaces/default/services"
CLAIMS = "/apis/networking.k8s.io/v1/ipaddresses"
RANGES = {"IPv4": "10.96.0.0/24", "IPv6": "fd00:10:96::/112"}
BOTH, SWAPPED = ["IPv4", "IPv6"], ["IPv6", "IPv4"]


@pytest.fixture
def service_cidr() -> str:
    return ",".join(RANGES.values())


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], "selector": {"app": "web"}, **spec}}


async def made(api: AsgiClient, name: str = "s", **spec: Any) -> dict[str, Any]:
    answer = await api.post(SERVICES, service(name, **spec))
    assert answer.code == 201, answer.json["message"]
    found: dict[str, Any] = answer.json["spec"]
    return found


async def changed(api: AsgiClient, name: str = "s", **spec: Any) -> dict[str, Any]:
    answer = await api.patch(f"{SERVICES}/{name}", {"spec": spec})
    assert answer.code == 200, answer.json["message"]
    found: dict[str, Any] = answer.json["spec"]
    return found


async def claims(api: AsgiClient) -> set[str]:
    return {each["metadata"]["name"] for each in (await api.get(CLAIMS)).json["items"]} - {"10.96.0.1"}


async def test_the_clusters_range_has_both_families(api: AsgiClient) -> None:
    own = (await api.get("/apis/networking.k8s.io/v1/servicecidrs/kubernetes")).json
    assert own["spec"]["cidrs"] == list(RANGES.values())
    assert own["status"]["conditions"][0]["status"] == "True"
    api_service = (await api.get(f"{SERVICES}/kubernetes")).json["spec"]
    assert (api_service["ipFamilyPolicy"], api_service["clusterIPs"]) == ("SingleStack", ["10.96.0.1"])


@pytest.mark.parametrize(
    ("spec", "policy", "families"),
    [
        ({}, "SingleStack", ["IPv4"]),
        ({"ipFamilies": ["IPv6"]}, "SingleStack", ["IPv6"]),
        ({"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", BOTH),
        ({"ipFamilyPolicy": "RequireDualStack"}, "RequireDualStack", BOTH),
        ({"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]}, "RequireDualStack", SWAPPED),
        ({"ipFamilyPolicy": "PreferDualStack", "ipFamilies": SWAPPED}, "PreferDualStack", SWAPPED),
        ({"clusterIP": "fd00:10:96::77"}, "SingleStack", ["IPv6"]),
        ({"ipFamilyPolicy": "PreferDualStack", "clusterIP": "fd00:10:96::77"}, "PreferDualStack", SWAPPED),
        ({"type": "NodePort", "ipFamilyPolicy": "RequireDualStack"}, "RequireDualStack", BOTH),
    ],
)
async def test_a_service_has_an_address_of_each_of_its_families(
    api: AsgiClient, spec: dict[str, Any], policy: str, families: list[str]
) -> None:
    found = await made(api, **spec)
    assert (found["ipFamilyPolicy"], found["ipFamilies"]) == (policy, families)
    assert found["clusterIP"] == found["clusterIPs"][0]
    for address, family in zip(found["clusterIPs"], families, strict=True):
        assert ip_address(address) in ip_network(RANGES[family])
    assert await claims(api) == set(found["clusterIPs"])
    await api.delete(f"{SERVICES}/s")
    assert await claims(api) == set()


@pytest.mark.parametrize(
    ("spec", "policy", "families"),
    [
        ({}, "SingleStack", ["IPv4"]),
        ({"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", BOTH),
        ({"ipFamilies": ["IPv6"]}, "SingleStack", ["IPv6"]),
        ({"selector": None}, "RequireDualStack", BOTH),
        ({"selector": None, "ipFamilies": ["IPv6"]}, "RequireDualStack", SWAPPED),
        ({"selector": None, "ipFamilyPolicy": "SingleStack"}, "SingleStack", ["IPv4"]),
    ],
)
async def test_a_headless_service_has_families_without_addresses(
    api: AsgiClient, spec: dict[str, Any], policy: str, families: list[str]
) -> None:
    found = await made(api, clusterIP="None", **spec)
    assert (found["ipFamilyPolicy"], found["ipFamilies"], found["clusterIPs"]) == (policy, families, ["None"])
    assert await claims(api) == set()


@pytest.mark.parametrize("policy", ["PreferDualStack", "RequireDualStack"])
async def test_a_service_gets_a_second_address_and_gives_it_back(api: AsgiClient, policy: str) -> None:
    [first] = (await made(api))["clusterIPs"]
    both = await changed(api, ipFamilyPolicy=policy)
    assert (both["ipFamilies"], both["clusterIPs"][0]) == (BOTH, first)
    assert await claims(api) == set(both["clusterIPs"])
    assert len(both["clusterIPs"]) == 2
    single = await changed(api, ipFamilyPolicy="SingleStack")
    assert (single["ipFamilies"], single["clusterIPs"], single["clusterIP"]) == (["IPv4"], [first], first)
    assert await claims(api) == {first}


async def test_both_addresses_stay_through_other_changes(api: AsgiClient) -> None:
    before = await made(api, ipFamilyPolicy="RequireDualStack", ipFamilies=SWAPPED)
    after = await changed(api, type="NodePort")
    assert [after[word] for word in ("clusterIPs", "ipFamilies")] == [
        before[word] for word in ("clusterIPs", "ipFamilies")
    ]
    whole = await api.put(f"{SERVICES}/s", service("s"))
    assert whole.json["spec"]["clusterIPs"] == before["clusterIPs"]


async def test_an_alias_gives_both_back(api: AsgiClient) -> None:
    await made(api, ipFamilyPolicy="RequireDualStack")
    alias = await changed(api, type="ExternalName", externalName="example.com", selector=None)
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & alias.keys()
    assert await claims(api) == set()


@pytest.mark.parametrize(
    ("spec", "field", "said"),
    [
        (
            {"ipFamilies": BOTH},
            "spec.ipFamilyPolicy",
            "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
        ),
        (
            {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "fd00:10:96::7"]},
            "spec.ipFamilyPolicy",
            "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
        ),
        (
            {"clusterIP": "10.96.0.7", "ipFamilies": ["IPv6"]},
            "spec.clusterIPs[0]",
            "expected an IPv6 value as indicated by `ipFamilies[0]`",
        ),
        (
            {"clusterIP": "fd00:9::7"},
            "spec.clusterIPs",
            "failed to allocate IP fd00:9::7: the provided network does not match the current range",
        ),
        (
            {"ipFamilyPolicy": "PreferDualStack", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "10.96.0.8"]},
            "spec.clusterIPs",
            "may specify no more than one IP for each IP family",
        ),
    ],
)
async def test_what_cannot_be_is_refused_and_keeps_nothing(
    api: AsgiClient, spec: dict[str, Any], field: str, said: str
) -> None:
    refused = await api.post(SERVICES, service("s", **spec))
    assert (refused.code, refused.causes) == (422, [("FieldValueInvalid", field)])
    assert said in refused.json["message"]
    assert await claims(api) == set()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ipFamilies": ["IPv4"]}, "must be 'SingleStack' to release the secondary IP family"),
        ({"clusterIPs": ["10.96.0.7"]}, "must be 'SingleStack' to release the secondary cluster IP"),
    ],
)
async def test_the_second_address_goes_with_the_policy_alone(
    api: AsgiClient, change: dict[str, Any], said: str
) -> None:
    addresses = ["10.96.0.7", "fd00:10:96::7"]
    before = await made(api, ipFamilyPolicy="PreferDualStack", clusterIP=addresses[0], clusterIPs=addresses)
    refused = await api.patch(f"{SERVICES}/s", {"spec": change})
    assert (refused.code, refused.causes) == (422, [("FieldValueInvalid", "spec.ipFamilyPolicy")])
    assert said in refused.json["message"]
    assert await claims(api) == set(before["clusterIPs"])
    after = await changed(api, **change, ipFamilyPolicy="SingleStack")
    assert after["clusterIPs"] == addresses[:1]


async def test_a_headless_service_may_change_its_families(api: AsgiClient) -> None:
    await made(api, clusterIP="None", ipFamilyPolicy="RequireDualStack")
    assert (await changed(api, ipFamilies=SWAPPED))["ipFamilies"] == SWAPPED
    single = await changed(api, ipFamilies=["IPv6"], ipFamilyPolicy="SingleStack")
    assert (single["ipFamilies"], single["clusterIPs"]) == (["IPv6"], ["None"])


async def test_a_taken_second_address_gives_the_first_one_back(api: AsgiClient) -> None:
    await made(api, "first", clusterIP="fd00:10:96::7")
    addresses = ["10.96.0.7", "fd00:10:96::7"]
    wanted = service("s", ipFamilyPolicy="RequireDualStack", clusterIP=addresses[0], clusterIPs=addresses)
    refused = await api.post(SERVICES, wanted)
    assert refused.code == 422
    assert "failed to allocate IP fd00:10:96::7: provided IP is already allocated" in refused.json["message"]
    assert await claims(api) == {"fd00:10:96::7"}


async def test_the_first_family_does_not_change(api: AsgiClient) -> None:
    await made(api, ipFamilyPolicy="PreferDualStack")
    refused = await api.patch(f"{SERVICES}/s", {"spec": {"ipFamilies": SWAPPED}})
    assert (refused.code, {field for _, field in refused.causes}) == (422, {"spec.clusterIPs[0]", "spec.clusterIPs[1]"})
    assert "expected an IPv6 value as indicated by `ipFamilies[0]`" in refused.json["message"]
