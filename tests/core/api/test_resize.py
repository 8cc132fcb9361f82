"""The door by which the resources of a pod that runs are changed: what may change there, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

PODS = "/api/v1/namespaces/default/pods"
ASKED = {"cpu": "100m", "memory": "64Mi"}


def container(name: str, requests: dict[str, str] = ASKED, **more: Any) -> dict[str, Any]:
    limits = more.pop("limits", None)
    resources = {"requests": requests, **({"limits": limits} if limits else {})}
    return {"name": name, "image": "nginx", "resources": resources, **more}


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": list(containers), **spec}}


async def test_several_containers_change_at_once_and_limits_may_be_added(api: AsgiClient) -> None:
    made = (await api.post(PODS, pod(container("a"), container("b", limits={"memory": "64Mi"})))).json
    wanted = [
        {"name": "a", "resources": {"requests": {"cpu": "200m"}, "limits": {"cpu": "300m"}}},
        {"name": "b", "resources": {"limits": {"memory": "128Mi"}}},
    ]
    answer = await api.patch(f"{PODS}/p/resize", {"spec": {"containers": wanted}}, "strategic")
    assert answer.code == 200, answer.json
    assert [each["resources"] for each in answer.json["spec"]["containers"]] == [
        {"requests": {"cpu": "200m", "memory": "64Mi"}, "limits": {"cpu": "300m"}},
        {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    ]
    assert answer.json["metadata"]["generation"] == made["metadata"]["generation"] + 1


async def test_a_whole_pod_that_is_put_there_changes_its_resources_alone(api: AsgiClient) -> None:
    made = (await api.post(PODS, pod(container("a")))).json
    spec = made["spec"]
    changed = {
        **spec["containers"][0], "image": "other", "resources": {"requests": {"cpu": "1", "memory": "64Mi"}},
    }  # fmt: skip
    answer = await api.put(f"{PODS}/p/resize", {**made, "spec": {**spec, "containers": [changed], "nodeName": "n"}})
    assert answer.code == 200, answer.json
    (after,) = answer.json["spec"]["containers"]
    assert (after["image"], after["resources"]["requests"]["cpu"]) == ("nginx", "1")
    assert "nodeName" not in answer.json["spec"]


async def test_an_order_alone_is_refused_too(api: AsgiClient) -> None:
    await api.post(PODS, pod(container("a"), container("b")))
    order = {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}
    answer = await api.patch(f"{PODS}/p/resize", order, "strategic")
    assert answer.causes == [("FieldValueForbidden", f"spec.containers[{index}].name") for index in (0, 1)]


async def test_resources_change_at_no_other_door(api: AsgiClient) -> None:
    made = (await api.post(PODS, pod(container("a")))).json
    made["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "1"
    answer = await api.put(f"{PODS}/p", made)
    assert (answer.code, answer.causes) == (422, [("FieldValueForbidden", "spec")])


LIMITED = container("a", limits=ASKED)
SIDECAR = container("i", restartPolicy="Always")
WHOLE = {"requests": {"cpu": "1", "memory": "1Gi"}}
MORE = {"requests": {"cpu": "2", "memory": "1Gi"}}
RESTARTS = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (pod(container("a", limits={"cpu": "1"})), pod(container("a")), "spec.containers[0].resources.limits: Forbidden:"
         " resource limits cannot be removed"),
        (pod(container("a")), pod(container("a", {"cpu": "1"})), "spec.containers[0].resources.requests: Forbidden:"
         " resource requests cannot be removed"),
        (pod(LIMITED), pod(container("a", {"cpu": "50m", "memory": "64Mi"}, limits=ASKED)),
         "Pod QOS Class may not change as a result of resizing"),
        (pod(container("a")), pod(container("a", {**ASKED, "ephemeral-storage": "1Gi"})),
         "spec: Forbidden: only cpu and memory resources are mutable"),
        (pod(container("a"), initContainers=[container("i")]),
         pod(container("a"), initContainers=[container("i", {"cpu": "1", "memory": "64Mi"})]),
         ""),
        (pod(container("a")), pod(container("a", resizePolicy=RESTARTS)),
         "spec: Forbidden: only cpu and memory resources are mutable"),
        (pod(container("a")), pod(container("a"), container("b")),
         "spec.containers: Forbidden: containers may not be added or removed on resize"),
        (pod(container("a"), container("b")), pod(container("b"), container("a")),
         "[spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize, "
         "spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize]"),
        (pod(container("a"), initContainers=[container("i")]),
         pod(container("a"), initContainers=[container("j")]),
         "spec.initContainers[0].name: Forbidden: initContainers may not be renamed or reordered on resize"),
        (pod(container("a"), initContainers=[container("i")]),
         pod(container("a"), initContainers=[container("i", {**ASKED, "ephemeral-storage": "1Gi"})]),
         "spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable"),
        (pod(container("a", {}), resources=WHOLE), pod(container("a", {}), resources=MORE), ""),
        (pod(container("a", {}), resources=WHOLE), pod(container("a", {}), resources={"requests": {"cpu": "2"}}),
         "spec.resources.requests: Forbidden: pod-level resource requests cannot be removed"),
        (pod(container("a", {}), resources=WHOLE), pod(container("a", {}), resources=None),
         "spec.resources: Forbidden: pod-level resources cannot be removed"),
        (pod(container("a")), pod(container("a"), resources=MORE), ""),
        (pod(container("a"), initContainers=[SIDECAR]),
         pod(container("a"), initContainers=[container("i", {"cpu": "1", "memory": "64Mi"}, restartPolicy="Always")]), ""),
        (pod(LIMITED), pod(container("a", {"cpu": "1", "memory": "1Gi"}, limits={"cpu": "1", "memory": "1Gi"})), ""),
    ],
    ids=[
        "a limit taken off", "a request taken off", "another class", "storage", "init container", "a policy", "one more",
        "another order", "another name", "storage of an init container", "the whole pod", "a request of the pod taken off",
        "all of the pod's taken off", "for the pod for the first time", "sidecar", "guaranteed",
    ],
)  # fmt: skip
async def test_what_may_change(api: AsgiClient, before: dict[str, Any], after: dict[str, Any], said: str) -> None:
    made = (await api.post(PODS, before)).json
    spec = {**made["spec"], **{word: after["spec"][word] for word in after["spec"]}}
    answer = await api.put(f"{PODS}/p/resize", {**made, "spec": spec})
    assert answer.code == (422 if said else 200), answer.json
    assert said in answer.json.get("message", "")
