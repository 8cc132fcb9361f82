"""Webhooks and policies that ask for another version of what is written see it in that version, and may change it there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sampan.core.errors import ApiError
from sampan.core.model.admissionregistration_v1.mutating_admission_policy import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
)
from sampan.core.model.admissionregistration_v1.validating_admission_policy import (
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
)
from sampan.core.model.admissionregistration_v1.webhook_configuration import MutatingWebhookConfiguration
from sampan.core.model.autoscaling_v1.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from sampan.core.model.builtin import Namespace
from sampan.core.schema.codec import from_wire
from sampan.core.testing.control_plane import ControlPlane, control_plane
from tests.support.webhook import Review, allow, change, webhook

pytestmark = pytest.mark.anyio

RULE = {
    "operations": ["CREATE"],
    "apiGroups": ["autoscaling"],
    "apiVersions": ["v2"],
    "resources": ["horizontalpodautoscalers"],
}
METRIC = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
}


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as made:
        await made.client.create(from_wire(Namespace, {"metadata": {"name": "a"}}))
        yield made


async def write(plane: ControlPlane, name: str = "h") -> HorizontalPodAutoscaler:
    """In the version that no rule names."""
    spec = {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
    meta = {"name": name, "namespace": "a"}
    return await plane.client.create(from_wire(HorizontalPodAutoscaler, {"metadata": meta, "spec": spec}))


async def hooked(plane: ControlPlane, config: dict[str, Any], policy: str) -> None:
    hook = {
        "name": "a.example.com", "clientConfig": config, "rules": [RULE], "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "matchPolicy": policy,
    }  # fmt: skip
    await plane.client.create(
        from_wire(MutatingWebhookConfiguration, {"metadata": {"name": "hooks"}, "webhooks": [hook]})
    )


async def test_a_webhook_sees_and_changes_the_version_that_it_asks_for(plane: ControlPlane, tmp_path: Path) -> None:
    def answer(review: Review) -> Review:
        return change(review, {"op": "add", "path": "/spec/metrics", "value": [METRIC]})

    with webhook(tmp_path, answer) as asked:
        await hooked(plane, asked.client_config, "Equivalent")
        made = await write(plane)
    request = asked.asked[0]["request"]
    assert (request["kind"]["version"], request["requestKind"]["version"]) == ("v2", "v1")
    assert (request["resource"]["version"], request["requestResource"]["version"]) == ("v2", "v1")
    assert request["object"]["apiVersion"] == "autoscaling/v2"
    assert made.spec.target_cpu_utilization_percentage == 70


async def test_who_wants_it_exact_is_not_asked(plane: ControlPlane, tmp_path: Path) -> None:
    with webhook(tmp_path, allow) as asked:
        await hooked(plane, asked.client_config, "Exact")
        await write(plane)
    assert asked.asked == []


@pytest.mark.parametrize(("policy", "refused"), [("Equivalent", True), ("Exact", False)])
async def test_a_policy_sees_the_version_that_it_asks_for(plane: ControlPlane, policy: str, refused: bool) -> None:
    spec = {
        "matchConstraints": {"resourceRules": [RULE], "matchPolicy": policy},
        "validations": [{"expression": "object.apiVersion != 'autoscaling/v2'", "message": "seen as v2"}],
    }
    meta = {"metadata": {"name": "p"}}
    await plane.client.create(from_wire(ValidatingAdmissionPolicy, {**meta, "spec": spec}))
    bound = {"policyName": "p", "validationActions": ["Deny"]}
    await plane.client.create(from_wire(ValidatingAdmissionPolicyBinding, {**meta, "spec": bound}))
    if refused:
        with pytest.raises(ApiError, match="seen as v2"):
            await write(plane)
    else:
        await write(plane)


async def test_a_mutating_policy_changes_the_version_that_it_asks_for(plane: ControlPlane) -> None:
    expression = (
        "[JSONPatch{op: 'add', path: '/spec/metrics', value: [{'type': 'Resource', 'resource': {'name': 'cpu',"
        " 'target': {'type': 'Utilization', 'averageUtilization': 60}}}]}]"
    )
    spec = {
        "matchConstraints": {"resourceRules": [RULE]},
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
    }
    meta = {"metadata": {"name": "p"}}
    await plane.client.create(from_wire(MutatingAdmissionPolicy, {**meta, "spec": spec}))
    await plane.client.create(from_wire(MutatingAdmissionPolicyBinding, {**meta, "spec": {"policyName": "p"}}))
    assert (await write(plane)).spec.target_cpu_utilization_percentage == 60
