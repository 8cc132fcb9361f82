"""Reviews of access answer what requests would get."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.plugins.auth.rbac.notation import account, group, on, user
from tests.core.api.test_rbac import give
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

GROUP = "/apis/authorization.k8s.io/v1"


async def may(api: AsgiClient, who: str, verb: str, resource: str, namespace: str = "default", **more: Any) -> Any:
    resource, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "resource": resource, "subresource": subresource, "namespace": namespace}
    spec = {"user": who, "groups": more.pop("groups", []), "resourceAttributes": attributes | more}
    return (await api.post(f"{GROUP}/subjectaccessreviews", {"spec": spec})).json["status"]


async def test_subject_access_reviews(api: AsgiClient) -> None:
    subjects = [user("jane"), account("robot", "default"), group("crew")]
    rules = (on("get list", "", "pods pods/log"), on("*", "", "configmaps", "only-this"))
    await give(api, "reader", subjects, *rules, namespace="default")
    said = 'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to User "jane"'
    assert await may(api, "jane", "get", "pods") == {"allowed": True, "reason": said}
    assert await may(api, "jane", "delete", "pods") == {"allowed": False}
    assert await may(api, "jane", "get", "pods", "kube-system") == {"allowed": False}
    assert (await may(api, "system:serviceaccount:default:robot", "get", "pods/log"))["allowed"]
    assert (await may(api, "joe", "update", "configmaps", groups=["crew"], name="only-this"))["allowed"]
    assert not (await may(api, "joe", "update", "configmaps", groups=["crew"], name="another"))["allowed"]


async def test_reviews_of_paths_of_oneself_and_of_one_namespace(api: AsgiClient) -> None:
    paths = {"user": "jane", "nonResourceAttributes": {"path": "/metrics", "verb": "get"}}
    assert (await api.post(f"{GROUP}/subjectaccessreviews", {"spec": paths})).json["status"] == {"allowed": False}
    own = {"resourceAttributes": {"verb": "delete", "resource": "nodes"}}
    assert (await api.post(f"{GROUP}/selfsubjectaccessreviews", {"spec": own})).json["status"] == {"allowed": True}
    local = f"{GROUP}/namespaces/default/localsubjectaccessreviews"
    spec: dict[str, Any] = {
        "user": "jane",
        "resourceAttributes": {"namespace": "default", "verb": "list", "resource": "pods"},
    }
    assert (await api.post(local, {"spec": spec})).json["status"] == {"allowed": False}
    spec["resourceAttributes"]["namespace"] = "other"
    assert (await api.post(local, {"spec": spec})).code in (400, 422)


async def test_a_review_must_name_somebody(api: AsgiClient) -> None:
    spec = {"resourceAttributes": {"verb": "get", "resource": "pods"}}
    answer = await api.post(f"{GROUP}/subjectaccessreviews", {"spec": spec})
    assert (answer.code, [field for _, field in answer.causes]) == (422, ["spec.user"])


async def test_what_may_i_at_all(api: AsgiClient) -> None:
    answer = await api.post(f"{GROUP}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}})
    status = answer.json["status"]
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in status["resourceRules"]
    assert {"verbs": ["*"], "nonResourceURLs": ["*"]} in status["nonResourceRules"]
    assert status["incomplete"] is False


async def test_a_review_is_no_table(api: AsgiClient) -> None:
    spec = {"resourceAttributes": {"verb": "get", "resource": "pods"}}
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    refused = await api.post(f"{GROUP}/selfsubjectaccessreviews", {"spec": spec}, accept=table)
    assert (refused.code, refused.json["reason"]) == (406, "NotAcceptable")
    answered = await api.post(f"{GROUP}/selfsubjectaccessreviews", {"spec": spec}, accept=f"{table},application/json")
    assert answered.json["kind"] == "SelfSubjectAccessReview"


LABELS_CUT = "spec.resourceAttributes.labelSelector"
FIELDS_CUT = "spec.resourceAttributes.fieldSelector"


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"fieldSelector": {"rawSelector": "a=b"}, "labelSelector": {"rawSelector": "a in (b)"}}, None),
        ({"fieldSelector": {"rawSelector": "a/b"}}, f"{FIELDS_CUT} ignored due to parse error"),
        ({"labelSelector": {"rawSelector": "a in"}}, f"{LABELS_CUT} ignored due to parse error"),
        (
            {"labelSelector": {"requirements": [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Near"}]}},
            f"{LABELS_CUT} partially ignored due to parse error",
        ),
        (
            {"fieldSelector": {"requirements": [{"key": "a", "operator": "In", "values": ["b", "c"]}]}},
            f"{FIELDS_CUT} ignored due to parse error",
        ),
    ],
)
async def test_a_review_tells_what_of_its_selectors_nobody_understands(
    api: AsgiClient, attributes: dict[str, Any], said: str | None
) -> None:
    answered = await may(api, "jane", "list", "pods", **attributes)
    assert answered.get("evaluationError") == said


@pytest.mark.parametrize(
    ("requirement", "fields"),
    [
        ({"key": "a", "operator": "In", "values": ["b", "é"]}, ["values[1]"]),
        ({"key": "", "operator": "In"}, ["values", "key", "key"]),
        ({"key": "a", "operator": "Near", "values": ["b", "é", "ü"]}, ["values[1]", "values[2]"]),
    ],
)
async def test_labels_of_a_review_are_checked(api: AsgiClient, requirement: dict[str, Any], fields: list[str]) -> None:
    attributes = {"verb": "list", "resource": "pods", "labelSelector": {"requirements": [requirement]}}
    answer = await api.post(f"{GROUP}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": attributes}})
    where = f"{LABELS_CUT}.requirements[0]"
    assert [field for _, field in answer.causes] == [f"{where}.{field}" for field in fields]


async def test_a_review_tells_who_asked_it_and_forgets_what_only_the_server_says(api: AsgiClient) -> None:
    spec = {"resourceAttributes": {"verb": "get", "resource": "pods"}}
    given = {"uid": "u", "selfLink": "l", "creationTimestamp": "2026-01-02T03:04:05Z", "deletionGracePeriodSeconds": 3}
    path = f"{GROUP}/selfsubjectaccessreviews?fieldManager=asker"
    (entry,) = (await api.post(path, {"metadata": given, "spec": spec})).json["metadata"].pop("managedFields")
    attributes: dict[str, Any] = {"f:resourceAttributes": {".": {}, "f:resource": {}, "f:verb": {}}}
    assert (entry["manager"], entry["fieldsV1"]) == ("asker", {"f:spec": attributes})


async def test_what_is_answered_of_oneself_repeats_nothing_of_the_question(api: AsgiClient) -> None:
    labels = {"labels": {"a": "b"}, "generateName": "x"}
    rules = (
        await api.post(f"{GROUP}/selfsubjectrulesreviews", {"metadata": labels, "spec": {"namespace": "default"}})
    ).json
    assert (rules["metadata"], rules["spec"]) == ({}, {})
    me = (await api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {"metadata": labels})).json
    assert list(me["metadata"]) == ["creationTimestamp"]
