"""Roles and bindings over HTTP: who may do what, who may give it to others, and what everybody has from the start."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import Attributes, User
from sampan.plugins.auth.rbac.grants import Grants
from sampan.plugins.auth.rbac.notation import Object, account, binding, group, on, user
from tests.support.asgi import Answer, AsgiClient, Exchange

pytestmark = pytest.mark.anyio

RBAC = "/apis/rbac.authorization.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"


class As:
    """A client in another's name."""

    def __init__(self, server: ApiServer, name: str, *groups: str) -> None:
        self._client = AsgiClient(server.app)
        self._names = [("impersonate-user", name), *(("impersonate-group", each) for each in groups)]

    async def request(self, method: str, path: str, body: Any = None, content_type: str = "") -> Answer:
        import orjson

        exchange = Exchange(orjson.dumps(body) if body is not None else b"")
        scope = self._client.scope(method, path, content_type=content_type)
        scope["headers"] += [(name.encode(), value.encode()) for name, value in self._names]
        await self._client.app(scope, exchange.receive, exchange.send)
        return exchange.answer()


@pytest.fixture
def jane(server: ApiServer) -> As:
    return As(server, "jane", "crew")


async def give(api: AsgiClient, name: str, subjects: list[Object], *rules: Any, namespace: str = "") -> None:
    """A role and its binding, in a namespace or everywhere."""
    place = f"{RBAC}/namespaces/{namespace}/" if namespace else f"{RBAC}/cluster"
    kind = "Role" if namespace else "ClusterRole"
    assert (await api.post(f"{place}roles", {"metadata": {"name": name}, "rules": list(rules)})).code == 201
    bound = binding(name, name, subjects, namespace, kind)
    assert (await api.post(f"{place}rolebindings", bound)).code == 201


@pytest.mark.parametrize("subject", [user("jane"), group("crew"), group("system:authenticated")])
async def test_a_role_holds_where_it_is_bound(api: AsgiClient, jane: As, subject: Object) -> None:
    assert (await jane.request("GET", MAPS)).code == 403
    await give(api, "reader", [subject], on("get list", "", "configmaps"), namespace="default")
    assert (await jane.request("GET", MAPS)).code == 200
    assert (await jane.request("POST", MAPS, {"metadata": {"name": "a"}})).code == 403
    assert (await jane.request("GET", "/api/v1/namespaces/kube-system/configmaps")).code == 403
    assert (await jane.request("GET", "/api/v1/configmaps")).code == 403


async def test_a_change_holds_for_the_next_request(api: AsgiClient, jane: As) -> None:
    await give(api, "reader", [user("jane")], on("list", "", "configmaps"))
    assert (await jane.request("GET", MAPS)).code == 200
    await api.patch(f"{RBAC}/clusterroles/reader", {"rules": [on("list", "", "secrets")]})
    assert (await jane.request("GET", MAPS)).code == 403
    await api.patch(f"{RBAC}/clusterroles/reader", {"rules": [on("list", "", "configmaps")]})
    assert (await jane.request("GET", MAPS)).code == 200
    await api.delete(f"{RBAC}/clusterrolebindings/reader")
    assert (await jane.request("GET", MAPS)).code == 403


async def test_service_accounts_are_subjects(server: ApiServer, api: AsgiClient) -> None:
    await give(api, "reader", [account("robot", "default")], on("list", "", "configmaps"))
    robot = As(server, "system:serviceaccount:default:robot")
    assert (await robot.request("GET", MAPS)).code == 200
    assert (await As(server, "system:serviceaccount:other:robot").request("GET", MAPS)).code == 403


async def test_a_refusal_says_which_role_is_missing(api: AsgiClient, jane: As) -> None:
    await api.post(f"{RBAC}/clusterrolebindings", binding("dangling", "nowhere", [user("jane")]))
    message = (await jane.request("GET", MAPS)).json["message"]
    assert message.endswith('RBAC: clusterrole.rbac.authorization.k8s.io "nowhere" not found')


async def test_made_up_namespaces_are_not_remembered(server: ApiServer, api: AsgiClient) -> None:
    grants = Grants(server.pipeline.reader)
    for number in range(20):
        assert list(grants.of(User(name="system:anonymous"), f"made-up-{number}")) == []
    assert not grants._within


async def test_the_reason_names_the_binding(server: ApiServer, api: AsgiClient) -> None:
    await give(api, "reader", [user("jane")], on("list", "", "configmaps"), namespace="default")
    asked = Attributes(user=User(name="jane"), verb="list", resource="configmaps", namespace="default")
    decision = await server.pipeline.gates.authorize(asked)
    assert decision.reason == 'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to User "jane"'


# Nobody gives what they have not got


async def test_a_role_with_more_than_one_has_is_refused(api: AsgiClient, jane: As) -> None:
    rules = (on("get", "", "configmaps"), on("create update patch", "rbac.authorization.k8s.io", "roles rolebindings"))
    await give(api, "author", [user("jane")], *rules)
    roles = f"{RBAC}/namespaces/default/roles"
    fine = {"metadata": {"name": "fine"}, "rules": [on("get", "", "configmaps")]}
    assert (await jane.request("POST", roles, fine)).code == 201
    answer = await jane.request("POST", roles, {"metadata": {"name": "more"}, "rules": [on("get list", "", "secrets")]})
    assert answer.code == 403
    said = answer.json["message"]
    assert 'user "jane" (groups=["crew" "system:authenticated"]) is attempting to grant RBAC permissions not' in said
    assert '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}' in said
    grown = {"rules": [on("get", "", "configmaps"), on("get", "", "secrets")]}
    patched = await jane.request("PATCH", f"{roles}/fine", grown, "application/merge-patch+json")
    assert patched.code == 403
    labelled = {"metadata": {"labels": {"a": "b"}}}
    assert (await jane.request("PATCH", f"{roles}/fine", labelled, "application/merge-patch+json")).code == 200


async def test_a_binding_of_more_than_one_has_is_refused(api: AsgiClient, jane: As) -> None:
    await give(api, "author", [user("jane")], on("create", "rbac.authorization.k8s.io", "rolebindings"))
    bindings = f"{RBAC}/namespaces/default/rolebindings"
    everything = binding("mine", "cluster-admin", [user("jane")], "default")
    assert (await jane.request("POST", bindings, everything)).code == 403
    assert (await jane.request("POST", bindings, binding("x", "nowhere", [user("jane")], "default"))).code == 404
    await give(api, "binder", [user("jane")], on("bind", "rbac.authorization.k8s.io", "clusterroles", "view"))
    assert (await jane.request("POST", bindings, binding("x", "view", [user("bob")], "default"))).code == 201
    assert (await jane.request("POST", bindings, everything)).code == 403


async def test_a_role_of_millions_of_rights_is_refused_before_they_are_counted_out(api: AsgiClient, jane: As) -> None:
    await give(api, "author", [user("jane")], on("create", "rbac.authorization.k8s.io", "roles"), namespace="default")
    many = [f"x{number}" for number in range(2000)]
    rules = [{"apiGroups": many, "resources": many, "verbs": many, "resourceNames": many}]
    answer = await jane.request("POST", f"{RBAC}/namespaces/default/roles", {"metadata": {"name": "r"}, "rules": rules})
    assert answer.code == 403
    assert "name 16000000000000 rights" in answer.json["message"]


async def test_who_may_escalate_may(api: AsgiClient, jane: As) -> None:
    await give(api, "author", [user("jane")], on("create escalate", "rbac.authorization.k8s.io", "clusterroles"))
    wanted = {"metadata": {"name": "all"}, "rules": [on("*", "*", "*")]}
    assert (await jane.request("POST", f"{RBAC}/clusterroles", wanted)).code == 201


async def test_an_aggregated_role_takes_all_rights(api: AsgiClient, jane: As) -> None:
    await give(api, "author", [user("jane")], on("create", "rbac.authorization.k8s.io", "clusterroles"))
    rule = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    answer = await jane.request("POST", f"{RBAC}/clusterroles", {"metadata": {"name": "sum"}, "aggregationRule": rule})
    assert "must have cluster-admin privileges to use the aggregationRule" in answer.json["message"]


# What everybody has from the start


@pytest.mark.parametrize(
    ("path", "anonymous", "known"),
    [
        ("/healthz", 200, 200),
        ("/livez", 200, 200),
        ("/readyz", 200, 200),
        ("/version", 200, 200),
        ("/api", 403, 200),
        ("/apis/apps/v1", 403, 200),
        ("/openapi/v2", 403, 200),
        ("/metrics", 403, 403),
        ("/livez/ping", 403, 403),
        ("/api/v1/namespaces", 403, 403),
        ("/nowhere", 403, 403),
    ],
)
async def test_what_strangers_and_users_may_read(
    server: ApiServer, jane: As, path: str, anonymous: int, known: int
) -> None:
    assert (await AsgiClient(server.app, "").get(path)).code == anonymous
    assert (await jane.request("GET", path)).code == known


async def test_default_roles_are_made_whole_again(server: ApiServer, api: AsgiClient) -> None:
    await api.patch(f"{RBAC}/clusterroles/system:basic-user", {"rules": [on("get", "", "boats")]})
    await api.patch(f"{RBAC}/clusterrolebindings/system:basic-user", {"subjects": [user("jane")]})
    left = {"metadata": {"annotations": {"rbac.authorization.kubernetes.io/autoupdate": "false"}}, "rules": []}
    await api.patch(f"{RBAC}/clusterroles/system:discovery", left)
    await server.prepare()
    basic = (await api.get(f"{RBAC}/clusterroles/system:basic-user")).json["rules"]
    assert on("get", "", "boats") in basic
    assert {rule["resources"][0] for rule in basic} >= {"boats", "selfsubjectaccessreviews", "selfsubjectreviews"}
    subjects = (await api.get(f"{RBAC}/clusterrolebindings/system:basic-user")).json["subjects"]
    assert subjects == [user("jane"), group("system:authenticated")]
    assert not (await api.get(f"{RBAC}/clusterroles/system:discovery")).json["rules"]


async def test_preparing_twice_changes_nothing(server: ApiServer) -> None:
    before = await server.pipeline.store.revision()
    await server.prepare()
    assert await server.pipeline.store.revision() == before
