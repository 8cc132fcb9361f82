"""Which FlowSchema a request belongs to, what its answer says of that, and how the objects are kept, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.flow.control import FlowControl, Streams
from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import Attributes, User
from sampan.core.errors import TooManyRequests
from sampan.plugins.auth.anonymous import NOBODY
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

GROUP = "/apis/flowcontrol.apiserver.k8s.io/v1"
SCHEMAS, LEVELS = f"{GROUP}/flowschemas", f"{GROUP}/prioritylevelconfigurations"
PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"

EVERYBODY = "system:authenticated"
JANE = User(name="jane", groups=(EVERYBODY,))
ADMIN = User(name="root", groups=("system:masters", EVERYBODY))
NODE = User(name="system:node:n", groups=("system:nodes", EVERYBODY))
MANAGER = User(name="system:kube-controller-manager", groups=(EVERYBODY,))


def account(namespace: str, name: str = "robot") -> User:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", EVERYBODY)
    return User(name=f"system:serviceaccount:{namespace}:{name}", groups=groups)


def asked(user: User, **more: Any) -> Attributes:
    wanted: dict[str, Any] = {"verb": "get", "resource": "pods", "namespace": "default", **more}
    return Attributes(user=user, **wanted)


LEASE = {"group": "coordination.k8s.io", "resource": "leases", "verb": "update", "namespace": "kube-node-lease"}


@pytest.mark.parametrize(
    ("attributes", "schema", "level", "flow"),
    [
        (asked(ADMIN), "exempt", "exempt", ""),
        (Attributes(user=NOBODY, verb="get", path="/livez"), "probes", "exempt", ""),
        (Attributes(user=NOBODY, verb="get", path="/metrics"), "global-default", "global-default", "system:anonymous"),
        (asked(JANE), "global-default", "global-default", "jane"),
        (asked(NODE), "system-nodes", "system", "system:node:n"),
        (asked(NODE, **LEASE), "system-node-high", "node-high", "system:node:n"),
        (asked(NODE, resource="nodes", subresource="status", namespace=""), "system-node-high", "node-high", NODE.name),
        (asked(MANAGER, **LEASE), "system-leader-election", "leader-election", MANAGER.name),
        (asked(MANAGER), "kube-controller-manager", "workload-high", "default"),
        (asked(account("kube-system")), "kube-system-service-accounts", "workload-high", "default"),
        (asked(account("shop")), "service-accounts", "workload-low", account("shop").name),
        (asked(account("shop"), **LEASE), "service-accounts", "workload-low", account("shop").name),
        (asked(User(name="x")), "catch-all", "catch-all", "x"),
    ],
)
async def test_the_usual_schemas(server: ApiServer, attributes: Attributes, schema: str, level: str, flow: str) -> None:
    found = server.app.flow.classify(attributes)
    assert (found.name, found.level, found.flow(attributes)) == (schema, level, flow)


async def test_without_objects_the_mandatory_ones_hold(server: ApiServer, api: AsgiClient) -> None:
    for path in (SCHEMAS, LEVELS):
        await api.delete(path)
    assert server.app.flow.classify(asked(ADMIN)).name == "exempt"
    assert server.app.flow.classify(asked(JANE)).name == "catch-all"
    assert {level.name for level in server.app.flow.levels} == {"exempt", "catch-all"}


async def test_the_answer_names_schema_and_level(api: AsgiClient) -> None:
    answer = await api.get(PODS)
    schema, level = (await api.get(f"{SCHEMAS}/exempt")).json, (await api.get(f"{LEVELS}/exempt")).json
    assert answer.headers["x-kubernetes-pf-flowschema-uid"] == schema["metadata"]["uid"]
    assert answer.headers["x-kubernetes-pf-prioritylevel-uid"] == level["metadata"]["uid"]


def schema_for(user: str, level: str, name: str = "mine") -> dict[str, Any]:
    rule = {
        "subjects": [{"kind": "User", "user": {"name": user}}],
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"]}],
    }
    spec = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": 50, "rules": [rule]}
    return {"metadata": {"name": name}, "spec": spec}


async def test_a_level_without_seats_sends_away(server: ApiServer, api: AsgiClient) -> None:
    limited = {"nominalConcurrencyShares": 0, "limitResponse": {"type": "Reject"}, "borrowingLimitPercent": 0}
    none = {"metadata": {"name": "none"}, "spec": {"type": "Limited", "limited": limited}}
    assert (await api.post(LEVELS, none)).code == 201
    made = await api.post(SCHEMAS, schema_for("system:anonymous", "none"))
    assert (made.code, made.warnings) == (201, ())
    stranger = AsgiClient(server.app, "")
    answer = await stranger.get(PODS)
    assert (answer.code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json["message"] == "Too many requests, please try again later."
    assert answer.headers["x-kubernetes-pf-flowschema-uid"] == made.json["metadata"]["uid"]
    assert (await stranger.get("/livez")).code == 200
    assert (await api.get(PODS)).code == 200
    text = (await api.get("/metrics")).raw.decode()
    line = 'apiserver_flowcontrol_rejected_requests_total{priority_level="none",reason="concurrency-limit"} 1.0'
    assert line in text


async def test_a_schema_without_its_level_is_told_and_passed_over(server: ApiServer, api: AsgiClient) -> None:
    await api.post(SCHEMAS, schema_for("jane", "nowhere"))
    await server.flow_keeper.keep()
    [condition] = (await api.get(f"{SCHEMAS}/mine")).json["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Dangling", "True", "NotFound")
    assert server.app.flow.classify(asked(JANE)).name == "global-default"
    level = (await api.get(f"{LEVELS}/global-default")).json
    await api.post(LEVELS, {"metadata": {"name": "nowhere"}, "spec": level["spec"]})
    await server.flow_keeper.keep()
    [condition] = (await api.get(f"{SCHEMAS}/mine")).json["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "Found")
    assert server.app.flow.classify(asked(JANE)).name == "mine"


async def test_the_objects_are_kept(server: ApiServer, api: AsgiClient) -> None:
    await server.flow_keeper.keep()
    before = (await api.get(LEVELS)).json, (await api.get(SCHEMAS)).json
    await server.flow_keeper.keep()
    assert ((await api.get(LEVELS)).json, (await api.get(SCHEMAS)).json) == before, "nothing to do twice"

    await api.delete(f"{SCHEMAS}/probes")
    shares = {"spec": {"limited": {"nominalConcurrencyShares": 77, "borrowingLimitPercent": 5}}}
    await api.patch(f"{LEVELS}/system", shares)
    free = {"metadata": {"annotations": {"apf.kubernetes.io/autoupdate-spec": "false"}}, **shares}
    await api.patch(f"{LEVELS}/workload-low", free)
    await server.flow_keeper.keep()
    assert (await api.get(f"{SCHEMAS}/probes")).code == 200
    limited = (await api.get(f"{LEVELS}/system")).json["spec"]["limited"]
    assert (limited["nominalConcurrencyShares"], "borrowingLimitPercent" in limited) == (30, False)
    assert (await api.get(f"{LEVELS}/workload-low")).json["spec"]["limited"]["nominalConcurrencyShares"] == 77


async def test_reads_and_writes_are_counted_and_streams_take_no_seat(server: ApiServer) -> None:
    flow = FlowControl(server.pipeline.reader)
    async with flow.place(asked(JANE)), flow.place(asked(JANE, verb="patch")):
        assert (flow.reads, flow.writes, flow.streams.taken) == (1, 1, 0)
        async with flow.place(asked(JANE, verb="watch")), flow.place(asked(JANE, subresource="exec")):
            assert (flow.reads, flow.writes, flow.streams.taken) == (1, 1, 2)
    assert (flow.reads, flow.writes, flow.streams.taken) == (0, 0, 0)


def test_no_user_takes_all_streams() -> None:
    streams = Streams(100)
    for _ in range(50):
        streams.take("greedy")
    with pytest.raises(TooManyRequests):
        streams.take("greedy")
    for _ in range(20):
        streams.take("modest")
    for _ in range(50):
        streams.give_back("greedy")
    for _ in range(20):
        streams.give_back("modest")
    assert streams.taken == 0
    assert not streams._by_user
