"""The three policies that every policy engine begins with, in each form that there is, over the same pods.

Required labels, allowed registries, forbidden privileges: as a webhook and as a ValidatingAdmissionPolicy they refuse, as a
MutatingAdmissionPolicy they mend.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
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
from sampan.core.model.admissionregistration_v1.webhook_configuration import ValidatingWebhookConfiguration
from sampan.core.model.builtin import Namespace, Pod, ServiceAccount
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.testing.control_plane import ControlPlane, control_plane
from tests.support.webhook import Review, allow, deny, webhook

pytestmark = pytest.mark.anyio

REGISTRY = "registry.example.com/"
RULE = {"operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
LABEL, IMAGE, PRIVILEGE = (
    "labels: team is required",
    f"images come from {REGISTRY}",
    "privileged containers are forbidden",
)
BOTH = "(object.spec.containers + object.spec.?initContainers.orValue([]))"
RULES = {
    LABEL: "has(object.metadata.labels) && 'team' in object.metadata.labels",
    IMAGE: f"{BOTH}.all(c, c.image.startsWith('{REGISTRY}'))",
    PRIVILEGE: f"{BOTH}.all(c, !c.?securityContext.?privileged.orValue(false))",
}
"""As expressions that must hold."""


def mended(field: str, found: str, change: str) -> str:
    """An apply configuration for those of the containers that ``found`` is true of."""
    which = f"object.spec.?{field}.orValue([]).filter(c, {found})"
    return f"Object{{spec: Object.spec{{{field}: {which}.map(c, Object.spec.{field}{{name: c.name, {change}}})}}}}"


MENDING = [
    (
        "labels",
        "!has(object.metadata.labels) || !('team' in object.metadata.labels)",
        ["Object{metadata: Object.metadata{labels: {'team': 'nobody'}}}"],
    ),
    (
        "registries",
        f"!({RULES[IMAGE]})",
        [
            mended(field, f"!c.image.startsWith('{REGISTRY}')", f"image: '{REGISTRY}' + c.image")
            for field in ("containers", "initContainers")
        ],
    ),
    (
        "privileges",
        f"!({RULES[PRIVILEGE]})",
        [
            mended(
                field,
                "c.?securityContext.?privileged.orValue(false)",
                f"securityContext: Object.spec.{field}.securityContext{{privileged: false}}",
            )
            for field in ("containers", "initContainers")
        ],
    ),
]
"""Name, when, and the changes."""


def container(name: str, image: str = f"{REGISTRY}app:1", *, privileged: bool | None = None) -> dict[str, Any]:
    context = {} if privileged is None else {"securityContext": {"privileged": privileged}}
    return {"name": name, "image": image, **context}


def pod(*containers: dict[str, Any], init: Iterable[dict[str, Any]] = (), labels: Any = ("team",)) -> dict[str, Any]:
    meta = {"name": "p", "namespace": "a", "labels": dict.fromkeys(labels, "x")}
    return {"metadata": meta, "spec": {"containers": list(containers), "initContainers": list(init)}}


CASES = {
    "good": (pod(container("a")), set()),
    "good-explicit": (pod(container("a", privileged=False), init=[container("i")]), set()),
    "no-labels": (pod(container("a"), labels=()), {LABEL}),
    "other-label": (pod(container("a"), labels=("app",)), {LABEL}),
    "foreign": (pod(container("a"), container("b", "nginx")), {IMAGE}),
    "foreign-init": (pod(container("a"), init=[container("i", "elsewhere.example.com/app:1")]), {IMAGE}),
    "privileged": (pod(container("a", privileged=True)), {PRIVILEGE}),
    "privileged-init": (pod(container("a"), init=[container("i", privileged=True), container("j")]), {PRIVILEGE}),
    "everything": (pod(container("a", "nginx", privileged=True), labels=()), {LABEL, IMAGE, PRIVILEGE}),
}


def violations(obj: Any) -> set[str]:
    """The same rules in Python: what the webhook answers with, and what nothing that was mended may have."""
    spec = obj["spec"]
    containers = [*spec["containers"], *(spec.get("initContainers") or ())]
    found = set() if "team" in (obj["metadata"].get("labels") or {}) else {LABEL}
    if not all(each["image"].startswith(REGISTRY) for each in containers):
        found.add(IMAGE)
    if any((each.get("securityContext") or {}).get("privileged") for each in containers):
        found.add(PRIVILEGE)
    return found


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path) as made:
        await made.client.create(from_wire(Namespace, {"metadata": {"name": "a"}}))
        await made.client.create(from_wire(ServiceAccount, {"metadata": {"name": "default", "namespace": "a"}}))
        yield made


async def refused_with(plane: ControlPlane, wanted: dict[str, Any]) -> str:
    """What the pod is refused with; empty where it is taken."""
    try:
        await plane.client.create(from_wire(Pod, wanted), dry_run=True)
    except ApiError as error:
        return error.message
    return ""


async def check_refusals(plane: ControlPlane) -> None:
    for name, (wanted, broken) in CASES.items():
        said = await refused_with(plane, wanted)
        assert bool(said) == bool(broken), (name, said)
        assert not broken or any(each in said for each in broken), (name, said)


async def test_as_a_webhook(plane: ControlPlane, tmp_path: Path) -> None:
    def answer(review: Review) -> Review:
        found = violations(review["request"]["object"])
        return deny(review, message="; ".join(sorted(found))) if found else allow(review)

    with webhook(tmp_path, answer) as asked:
        hook = {
            "name": "usual.example.com", "clientConfig": asked.client_config, "rules": [RULE], "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }  # fmt: skip
        whole = {"metadata": {"name": "usual"}, "webhooks": [hook]}
        await plane.client.create(from_wire(ValidatingWebhookConfiguration, whole))
        await check_refusals(plane)


async def test_as_a_validating_policy(plane: ControlPlane) -> None:
    validations = [{"expression": rule, "message": said} for said, rule in RULES.items()]
    spec = {"matchConstraints": {"resourceRules": [RULE]}, "validations": validations}
    meta = {"metadata": {"name": "usual"}}
    await plane.client.create(from_wire(ValidatingAdmissionPolicy, {**meta, "spec": spec}))
    bound = {"policyName": "usual", "validationActions": ["Deny"]}
    await plane.client.create(from_wire(ValidatingAdmissionPolicyBinding, {**meta, "spec": bound}))
    await check_refusals(plane)


async def test_as_a_mutating_policy(plane: ControlPlane) -> None:
    for name, when, changes in MENDING:
        mutations = [
            {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": change}} for change in changes
        ]
        spec = {
            "matchConstraints": {"resourceRules": [RULE]},
            "matchConditions": [{"name": "broken", "expression": when}],
            "reinvocationPolicy": "IfNeeded",
            "mutations": mutations,
        }
        meta = {"metadata": {"name": name}}
        await plane.client.create(from_wire(MutatingAdmissionPolicy, {**meta, "spec": spec}))
        await plane.client.create(from_wire(MutatingAdmissionPolicyBinding, {**meta, "spec": {"policyName": name}}))
    for name, (wanted, broken) in CASES.items():
        made = to_wire(await plane.client.create(from_wire(Pod, wanted), dry_run=True))
        assert violations(made) == set(), name
        if not broken:
            before = from_wire(Pod, wanted)
            assert [each["image"] for each in made["spec"]["containers"]] == [
                each.image for each in before.spec.containers
            ]
