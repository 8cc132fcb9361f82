"""Pod Security over the API: what each level refuses, who is told, and what a namespace's labels may say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

PODS = "/api/v1/namespaces/default/pods"
CAREFUL: dict[str, Any] = {
    "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}  # fmt: skip
RESTRICTED = (
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false),'
    ' unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true'
    ' (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set'
    ' securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
)


def pod(name: str = "p", context: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "i", **({"securityContext": context} if context else {})}
    return {"metadata": {"name": name}, "spec": {"containers": [container], **spec}}


async def label(api: AsgiClient, **labels: str) -> Any:
    prefixed = {f"pod-security.kubernetes.io/{mode.replace('_', '-')}": level for mode, level in labels.items()}
    return await api.patch("/api/v1/namespaces/default", {"metadata": {"labels": prefixed}})


@pytest.mark.parametrize(
    ("level", "body", "said"),
    [
        ("baseline", pod(context={"privileged": True}),
         'privileged (container "c" must not set securityContext.privileged=true)'),
        ("baseline", pod(hostNetwork=True, volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
         'host namespaces (hostNetwork=true), hostPath volumes (volume "v")'),
        ("baseline", pod(context={"capabilities": {"add": ["SYS_ADMIN", "CHOWN"]}}),
         'non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add)'),
        ("baseline", pod(context={"seccompProfile": {"type": "Unconfined"}}),
         'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")'),
        ("restricted", pod(), RESTRICTED),
        ("restricted", pod(context=CAREFUL, volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
         'restricted volume types (volume "v" uses restricted volume type "hostPath")'),
        ("restricted", pod(context=CAREFUL | {"runAsUser": 0}), 'runAsUser=0 (container "c" must not set runAsUser=0)'),
        ("restricted", pod(context=CAREFUL | {"runAsNonRoot": False}),
         'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)'),
    ],
)  # fmt: skip
async def test_what_a_level_refuses(api: AsgiClient, level: str, body: dict[str, Any], said: str) -> None:
    await label(api, enforce=level)
    answer = await api.post(PODS, body)
    message = f'pods "p" is forbidden: violates PodSecurity "{level}:latest": {said}'
    assert (answer.code, answer.json["message"]) == (403, message)


async def test_a_careful_pod_is_let_through(api: AsgiClient) -> None:
    await label(api, enforce="restricted")
    assert (await api.post(PODS, pod(context=CAREFUL))).code == 201


async def test_a_level_is_that_of_its_version(api: AsgiClient) -> None:
    await label(api, enforce="restricted", enforce_version="v1.7")
    answer = await api.post(PODS, pod())
    assert "allowPrivilegeEscalation" not in answer.json["message"]
    assert "runAsNonRoot != true" in answer.json["message"]
    assert 'PodSecurity "restricted:v1.7"' in answer.json["message"]


async def test_authors_of_pods_and_of_templates_are_warned(api: AsgiClient) -> None:
    await label(api, enforce="baseline", warn="restricted")
    text = f'would violate PodSecurity "restricted:latest": {RESTRICTED}'.replace('"', '\\"')
    said = f'299 - "{text}"'
    answer = await api.post(PODS, pod())
    assert (answer.code, answer.warnings) == (201, (said,))
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    answer = await api.post("/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": "d"}, "spec": spec})
    assert (answer.code, answer.warnings) == (201, (said,))


async def test_who_makes_a_namespace_stricter_is_told_of_its_pods(api: AsgiClient) -> None:
    for name in ("one", "two"):
        await api.post(PODS, pod(name))
    answer = await label(api, enforce="restricted")
    assert answer.code == 200
    assert [text.replace("\\", "") for text in answer.warnings] == [
        '299 - "existing pods in namespace "default" violate the new PodSecurity enforce level "restricted:latest""',
        '299 - "one (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true,'
        ' seccompProfile"',
    ]
    assert (await label(api, enforce="baseline")).warnings == ()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"enforce": "severe"}, "must be one of privileged, baseline, restricted"),
        ({"warn_version": "1.30"}, 'must be "latest" or "v1.x"'),
    ],
)
async def test_labels_that_mean_nothing_are_refused(api: AsgiClient, labels: dict[str, str], said: str) -> None:
    answer = await label(api, **labels)
    assert answer.code == 422
    assert answer.json["message"].endswith(said)
