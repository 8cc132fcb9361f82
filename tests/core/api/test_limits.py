"""Limits on a namespace, over the API: limit ranges and quotas, in Kubernetes' words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

NAMESPACE = "/api/v1/namespaces/default"
PODS = f"{NAMESPACE}/pods"


def pod(name: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    made = [{"name": f"c{number}", "image": "i", "resources": each} for number, each in enumerate(containers or ({},))]
    return {"metadata": {"name": name}, "spec": {"containers": made, "automountServiceAccountToken": False, **spec}}


async def limit(api: AsgiClient, *items: dict[str, Any]) -> None:
    body = {"metadata": {"name": "range"}, "spec": {"limits": list(items)}}
    assert (await api.post(f"{NAMESPACE}/limitranges", body)).code == 201


async def quota(api: AsgiClient, name: str = "small", scopes: tuple[str, ...] = (), **hard: str) -> None:
    spec: dict[str, Any] = {"hard": {key.replace("__", "/").replace("_", "."): value for key, value in hard.items()}}
    body = {"metadata": {"name": name}, "spec": spec | ({"scopes": list(scopes)} if scopes else {})}
    assert (await api.post(f"{NAMESPACE}/resourcequotas", body)).code == 201


# LimitRange


async def test_what_containers_do_not_say_is_filled_in(api: AsgiClient) -> None:
    await limit(
        api, {"type": "Container", "default": {"cpu": "500m", "memory": "256Mi"}, "defaultRequest": {"cpu": "0.1"}}
    )
    made = (await api.post(PODS, pod("a", {}, {"limits": {"cpu": "1"}}))).json
    first, second = (each["resources"] for each in made["spec"]["containers"])
    assert first == {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}}
    assert second == {"limits": {"cpu": "1", "memory": "256Mi"}, "requests": {"cpu": "1", "memory": "256Mi"}}
    assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container c0; cpu, memory limit for container c0; "
        "memory request for container c1; memory limit for container c1"
    )


@pytest.mark.parametrize(
    ("item", "containers", "said"),
    [
        (
            {"type": "Container", "min": {"cpu": "100m"}, "max": {"cpu": "1"}, "maxLimitRequestRatio": {"cpu": "4"}},
            [{"requests": {"cpu": "50m"}, "limits": {"cpu": "500m"}}],
            "[minimum cpu usage per Container is 100m, but request is 50m, cpu max limit to request ratio per Container"
            " is 4, but provided ratio is 10.000000]",
        ),
        (
            {"type": "Container", "max": {"cpu": "2"}},
            [{"requests": {"cpu": "1"}, "limits": {"cpu": "4"}}],
            "maximum cpu usage per Container is 2, but limit is 4",
        ),
        (
            {"type": "Pod", "max": {"memory": "1Gi"}},
            [{"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1Gi"}}],
            "maximum memory usage per Pod is 1Gi, but limit is 2Gi",
        ),
        ({"type": "Pod", "max": {"cpu": "3"}}, [{}], "maximum cpu usage per Pod is 3.  No limit is specified"),
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    api: AsgiClient, item: dict[str, Any], containers: list[dict[str, Any]], said: str
) -> None:
    await limit(api, item)
    answer = await api.post(PODS, pod("a", *containers))
    assert (answer.code, answer.json["message"]) == (403, f'pods "a" is forbidden: {said}')


async def test_claims_have_bounds_too(api: AsgiClient) -> None:
    await limit(api, {"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}}
    answer = await api.post(f"{NAMESPACE}/persistentvolumeclaims", {"metadata": {"name": "big"}, "spec": spec})
    said = "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"
    assert answer.json["message"] == f'persistentvolumeclaims "big" is forbidden: {said}'


# ResourceQuota


async def test_a_quota_is_kept_to_in_kubernetes_words(api: AsgiClient) -> None:
    await quota(api, pods="2", requests_cpu="1", limits_memory="1Gi")
    answer = await api.post(PODS, pod("bare"))
    said = "failed quota: small: must specify limits.memory for: c0; requests.cpu for: c0"
    assert answer.json["message"] == f'pods "bare" is forbidden: {said}'
    modest = {"requests": {"cpu": "500m"}, "limits": {"memory": "256Mi"}}
    assert (await api.post(PODS, pod("one", modest))).code == 201
    answer = await api.post(PODS, pod("two", {"requests": {"cpu": "600m"}, "limits": {"memory": "256Mi"}}))
    said = "exceeded quota: small, requested: requests.cpu=600m, used: requests.cpu=500m, limited: requests.cpu=1"
    assert (answer.code, answer.json["message"]) == (403, f'pods "two" is forbidden: {said}')
    assert (await api.post(PODS, pod("two", modest))).code == 201
    tiny = {"requests": {"cpu": "0"}, "limits": {"memory": "1Mi"}}
    said = "exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"
    assert (await api.post(PODS, pod("three", tiny))).json["message"] == f'pods "three" is forbidden: {said}'
    await api.delete(f"{PODS}/one", {"gracePeriodSeconds": 0})
    assert (await api.post(PODS, pod("three", tiny))).code == 201


async def test_finished_pods_are_not_counted(api: AsgiClient) -> None:
    await quota(api, pods="1")
    assert (await api.post(PODS, pod("a"))).code == 201
    await api.patch(f"{PODS}/a/status", {"status": {"phase": "Succeeded"}})
    assert (await api.post(PODS, pod("b"))).code == 201


async def test_what_has_gone_again_counts_no_more(api: AsgiClient) -> None:
    await quota(api, count__configmaps="1")
    for number in range(3):
        assert (await api.post(f"{NAMESPACE}/configmaps", {"metadata": {"name": f"c{number}"}})).code == 201
        assert (await api.delete(f"{NAMESPACE}/configmaps/c{number}")).code == 200


async def test_however_many_come_at_once_the_quota_holds(api: AsgiClient) -> None:
    await quota(api, pods="7", count__configmaps="5")
    for path, most in ((PODS, 7), (f"{NAMESPACE}/configmaps", 5)):
        bodies = [pod(f"p{number}") if path == PODS else {"metadata": {"name": f"p{number}"}} for number in range(40)]
        answers = await asyncio.gather(*(api.post(path, body) for body in bodies))
        codes = [answer.code for answer in answers]
        assert (codes.count(201), codes.count(403)) == (most, 40 - most)


async def test_what_was_not_stored_takes_nothing(api: AsgiClient) -> None:
    await quota(api, count__configmaps="2")
    maps = f"{NAMESPACE}/configmaps"
    assert (await api.post(maps, {"metadata": {"name": "a"}})).code == 201
    for _ in range(5):
        assert (await api.post(maps, {"metadata": {"name": "a"}})).code == 409
        assert (await api.post(f"{maps}?dryRun=All", {"metadata": {"name": "b"}})).code == 201
    assert (await api.post(maps, {"metadata": {"name": "b"}})).code == 201


async def test_services_count_by_what_they_take(api: AsgiClient) -> None:
    await quota(api, services="3", services_nodeports="1", services_loadbalancers="0")
    services = f"{NAMESPACE}/services"

    def service(name: str, kind: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"type": kind, "ports": [{"port": 80}]}}

    assert (await api.post(services, service("a", "ClusterIP"))).code == 201
    answer = await api.post(services, service("b", "LoadBalancer"))
    assert "requested: services.loadbalancers=1, used: services.loadbalancers=0" in answer.json["message"]
    assert (await api.post(services, service("b", "NodePort"))).code == 201
    answer = await api.patch(f"{services}/a", {"spec": {"type": "NodePort"}})
    assert "requested: services.nodeports=1, used: services.nodeports=1" in answer.json["message"]


async def test_scopes_narrow_what_counts(api: AsgiClient) -> None:
    await quota(api, "careless", ("BestEffort",), pods="0")
    await quota(api, "ending", ("Terminating",), pods="0")
    assert (await api.post(PODS, pod("a"))).code == 403
    busy = {"requests": {"cpu": "1"}}
    assert (await api.post(PODS, pod("a", busy))).code == 201
    answer = await api.post(PODS, pod("b", busy, activeDeadlineSeconds=5))
    assert "exceeded quota: ending" in answer.json["message"]


async def test_a_mistaken_object_is_told_before_a_quota(server: ApiServer, api: AsgiClient) -> None:
    await quota(api, pods="0")
    answer = await api.post(PODS, pod("A"))
    assert answer.code == 422


async def test_a_quota_without_bounds_bounds_nothing(api: AsgiClient) -> None:
    for name, more in (("a", {"spec": None}), ("b", {})):
        assert (await api.post(f"{NAMESPACE}/resourcequotas", {"metadata": {"name": name}, **more})).code == 201
        answer = await api.patch(f"{NAMESPACE}/resourcequotas/{name}", {"metadata": {"labels": {"a": "b"}}})
        assert answer.code == 200
    assert (await api.post(PODS, pod("p"))).code == 201
