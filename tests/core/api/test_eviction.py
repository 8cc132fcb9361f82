"""Evictions: what a disruption budget lets go, who is asked, and what the pod says of it."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import AdmissionRequest
from sampan.core.errors import Forbidden
from sampan.plugins.admission.base import Quiet
from tests.core.api.test_rbac import As
from tests.support.asgi import Answer, AsgiClient
from tests.support.node import PODS, FakeNode

pytestmark = pytest.mark.anyio

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
READY = {"type": "Ready", "status": "True"}


async def running(api: AsgiClient, *names: str, ready: bool = True, **status: Any) -> None:
    for name in names:
        spec = {"containers": [{"name": "c", "image": "i"}], "terminationGracePeriodSeconds": 30, "nodeName": "n"}
        await api.post(PODS, {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": spec})
        condition = READY if ready else {**READY, "status": "False"}
        body = {"status": {"phase": "Running", "conditions": [condition], **status}}
        assert (await api.patch(f"{PODS}/{name}/status", body)).code == 200


async def budget(api: AsgiClient, name: str = "b", spec: Any = None, **status: Any) -> None:
    selector = {"selector": {"matchLabels": {"app": "web"}}}
    await api.post(BUDGETS, {"metadata": {"name": name}, "spec": {**selector, **(spec or {})}})
    whole = {"observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, **status}
    assert (await api.patch(f"{BUDGETS}/{name}/status", {"status": whole})).code == 200


async def evict(api: AsgiClient | As, name: str, query: str = "", **body: Any) -> Answer:
    return await api.request("POST", f"{PODS}/{name}/eviction{query}", {"metadata": {"name": name}, **body})


async def test_an_eviction_deletes_gracefully_and_says_why(api: AsgiClient, node: FakeNode) -> None:
    answer = await evict(api, "p", apiVersion="policy/v1", kind="Eviction")
    assert (answer.code, answer.json["status"]) == (201, "Success")
    pod = (await api.get(f"{PODS}/p")).json
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 30
    condition = next(each for each in pod["status"]["conditions"] if each["type"] == "DisruptionTarget")
    assert (condition["status"], condition["reason"]) == ("True", "EvictionByEvictionAPI")
    assert condition["message"] == "Eviction API: evicting"


async def test_a_budget_counts_an_eviction_before_the_next_is_asked_for(api: AsgiClient) -> None:
    await running(api, "one", "two")
    await budget(api, disruptionsAllowed=1)
    first, second = await evict(api, "one"), await evict(api, "two")
    assert (first.code, second.code) == (201, 429)
    assert second.json["details"]["causes"] == [
        {"reason": "DisruptionBudget", "message": "The disruption budget b needs 0 healthy pods and has 0 currently"}
    ]
    assert list((await api.get(f"{BUDGETS}/b")).json["status"]["disruptedPods"]) == ["one"]


@pytest.mark.parametrize("way", [{"query": "?dryRun=All"}, {"deleteOptions": {"dryRun": ["All"]}}])
async def test_a_dry_run_changes_nothing(api: AsgiClient, way: dict[str, Any]) -> None:
    await running(api, "one")
    await budget(api, disruptionsAllowed=1)
    before = (await api.get(f"{PODS}/one")).json, (await api.get(f"{BUDGETS}/b")).json
    assert (await evict(api, "one", **way)).code == 201
    assert ((await api.get(f"{PODS}/one")).json, (await api.get(f"{BUDGETS}/b")).json) == before


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        ({"observedGeneration": 0}, 429, "is still being processed by the server."),
        ({"currentHealthy": 2, "desiredHealthy": 3}, 429, "needs 3 healthy pods and has 2 currently"),
        ({"currentHealthy": 3, "desiredHealthy": 2}, 429, "does not allow evicting pods currently"),
    ],
)
async def test_a_budget_says_why_not(api: AsgiClient, status: dict[str, Any], code: int, said: str) -> None:
    await running(api, "one")
    await budget(api, **status)
    answer = await evict(api, "one")
    assert answer.code == code
    assert answer.json["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert answer.json["details"]["causes"][0]["message"].endswith(said)
    assert answer.headers.get("retry-after") == ("10" if status.get("observedGeneration") == 0 else None)


async def test_two_budgets_are_one_too_many(api: AsgiClient) -> None:
    await running(api, "one")
    for name in ("a", "b"):
        await budget(api, name, disruptionsAllowed=1)
    answer = await evict(api, "one")
    assert (answer.code, "more than one PodDisruptionBudget" in answer.json["message"]) == (500, True)


@pytest.mark.parametrize(
    ("spec", "status", "code"),
    [
        ({"unhealthyPodEvictionPolicy": "AlwaysAllow"}, {}, 201),
        ({}, {"currentHealthy": 2, "desiredHealthy": 2}, 201),
        ({}, {"currentHealthy": 1, "desiredHealthy": 2}, 429),
    ],
)
async def test_a_pod_that_is_not_ready_may_go(api: AsgiClient, spec: Any, status: Any, code: int) -> None:
    await running(api, "one", ready=False)
    await budget(api, spec=spec, **status)
    assert (await evict(api, "one")).code == code
    assert "disruptedPods" not in (await api.get(f"{BUDGETS}/b")).json["status"]


async def test_preconditions_hold(api: AsgiClient) -> None:
    await running(api, "one")
    version = (await api.get(f"{PODS}/one")).json["metadata"]["resourceVersion"]
    wrong = {"preconditions": {"resourceVersion": "1"}}
    assert (await evict(api, "one", deleteOptions=wrong)).code == 409
    right = {"preconditions": {"resourceVersion": version}}
    assert (await evict(api, "one", deleteOptions=right)).code == 201


async def test_the_eviction_is_named_after_its_pod(api: AsgiClient) -> None:
    await running(api, "one")
    answer = await api.post(f"{PODS}/one/eviction", {})
    assert (answer.code, answer.json["message"]) == (400, "name in URL does not match name in Eviction object")


class Watchman(Quiet):
    name = "watchman"

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bool]] = []

    async def validate(self, request: AdmissionRequest) -> None:
        if request.info.plural == "pods" and request.operation in ("CREATE", "DELETE"):
            self.seen.append((request.operation, request.subresource, request.dry_run))
            if request.name == "held":
                raise Forbidden("held")


async def test_admission_is_asked_about_the_eviction(api: AsgiClient, server: ApiServer) -> None:
    await running(api, "one", "held")
    watchman = Watchman()
    server.pipeline.gates.admissions = [*server.pipeline.gates.admissions, watchman]
    assert (await evict(api, "one", "?dryRun=All")).code == 201
    assert (await evict(api, "one")).code == 201
    assert watchman.seen == [("CREATE", "eviction", True), ("CREATE", "eviction", False)]
    assert (await evict(api, "held")).code == 403
    assert "deletionTimestamp" not in (await api.get(f"{PODS}/held")).json["metadata"]


async def test_a_node_evicts_its_own_pods_alone(api: AsgiClient, server: ApiServer) -> None:
    await running(api, "one")
    assert (await evict(As(server, "system:node:m", "system:nodes"), "one")).code == 403
    assert (await evict(As(server, "system:node:n", "system:nodes"), "one")).code == 201
