"""What a client leaves out or cannot say: parts with defaults of their own, dropped fields, unusable selectors."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.admissionregistration_v1.mutating_admission_policy import MutatingAdmissionPolicyBinding
from sampan.core.model.admissionregistration_v1.webhook_configuration import ValidatingWebhookConfiguration
from sampan.core.model.autoscaling_v1.horizontal_pod_autoscaler import HorizontalPodAutoscaler as AutoscalerV1
from sampan.core.model.builtin import (
    CronJob,
    DaemonSet,
    Deployment,
    DeviceClass,
    Job,
    LimitRange,
    Namespace,
    Node,
    PodTemplate,
    Service,
    ServiceAccount,
    StatefulSet,
)
from tests.support.rules import created, refusals

LABELS = {"a": "b"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
NO_CONTAINERS = "spec.template.spec.containers: Required value"


@pytest.mark.parametrize("kind", [Deployment, DaemonSet, StatefulSet])
def test_a_workload_without_a_spec_lacks_no_more_than_it_must(kind: type) -> None:
    found = refusals(kind, {})
    assert NO_CONTAINERS in found
    assert not [line for line in found if "terminationGracePeriodSeconds" in line or "strategy" in line.lower()]


def test_a_job_without_a_spec_is_refused() -> None:
    words = 'Required value: valid values: "OnFailure", "Never"'
    assert refusals(Job, {}) == [NO_CONTAINERS, f"spec.template.spec.restartPolicy: {words}"]
    nested = refusals(CronJob, {"spec": {"schedule": "* * * * *"}})
    assert [line.partition(":")[0] for line in nested] == [
        "spec.jobTemplate.spec.template.spec.containers",
        "spec.jobTemplate.spec.template.spec.restartPolicy",
    ]


def test_what_is_always_there_is_there_for_whoever_counts_fields() -> None:
    template = created(PodTemplate, {"template": TEMPLATE})["template"]
    assert template["spec"]["containers"][0]["resources"] == {}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            Deployment,
            [
                "spec.selector.matchExpressions[0].operator",
                'spec.selector: Invalid value: {"matchExpressions":[{"key":"k","operator":""}]}: invalid label selector',
            ],
        ),
        (
            StatefulSet,
            [
                "spec.selector.matchExpressions[0].operator",
                'spec.selector: Invalid value: {"matchExpressions":[{"key":"k","operator":""}]}',
            ],
        ),
        (DaemonSet, ["spec.selector.matchExpressions[0].operator", NO_CONTAINERS]),
    ],
)
def test_nobody_looks_at_what_an_unusable_selector_selects(kind: type, expected: list[str]) -> None:
    found = refusals(kind, {"spec": {"selector": {"matchExpressions": [{"key": "k"}]}, "template": {}}})
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def test_fields_that_are_dropped() -> None:
    secrets = [{"name": "s", "namespace": "n", "uid": "u"}, {"kind": "x"}]
    assert created(ServiceAccount, {"secrets": secrets})["secrets"] == [{"name": "s"}, {}]
    assert "configSource" not in created(Node, {"spec": {"configSource": {"configMap": {"name": "n"}}}})["spec"]
    update = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "101%"}}
    spec = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE, "updateStrategy": update}
    assert created(StatefulSet, {"spec": spec})["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0}


@pytest.mark.parametrize(
    ("first", "ranges", "expected"),
    [
        ("10.0.0.0/24", [], ["10.0.0.0/24"]),
        ("10.0.0.0/24", ["10.1.0.0/24"], ["10.0.0.0/24"]),
        ("", ["10.1.0.0/24", "fd00::/64"], ["10.1.0.0/24", "fd00::/64"]),
    ],
)
def test_a_nodes_first_range_decides(first: str, ranges: list[str], expected: list[str]) -> None:
    spec = created(Node, {"spec": {"podCIDR": first, "podCIDRs": ranges}})["spec"]
    assert (spec["podCIDR"], spec["podCIDRs"]) == (expected[0], expected)


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        (["10.0.0.0/24", "fd00::/64"], []),
        (["10.0.0.0/24", "10.1.0.0/24"], ["Invalid"]),
        (["10.0.0.0/24", "a"], ["Invalid", "Internal", "Invalid"]),
        (["a"], ["Invalid"]),
    ],
)
def test_a_nodes_ranges_are_one_of_each_family(ranges: list[str], expected: list[str]) -> None:
    found = refusals(Node, {"spec": {"podCIDRs": ranges}})
    assert [line.split()[1] for line in found if line.startswith("spec.podCIDRs")] == expected


def test_names_and_targets_that_are_made() -> None:
    assert len(created(LimitRange, {"metadata": {"name": ""}})["metadata"]["name"]) > 0
    target = {"maxReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}}
    assert created(AutoscalerV1, {"spec": target})["spec"]["targetCPUUtilizationPercentage"] == 80


def test_finalizers_of_namespaces() -> None:
    words = "name is neither a standard finalizer name nor is it fully qualified"
    assert refusals(Namespace, {"spec": {"finalizers": ["a.b/c", "x"]}}) == [
        f'spec.finalizers: Invalid value: "x": {words}'
    ]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"name": "s"}, ["name: Required value"]),
        ({"namespace": "n"}, ["namespace: Required value"]),
        ({"name": "s", "namespace": "n", "path": ""}, []),
        ({"name": "s", "namespace": "n", "path": "a-b"}, ["path: Invalid value", "path: Invalid value"]),
    ],
)
def test_services_of_webhooks(service: dict[str, Any], expected: list[str]) -> None:
    """Which of both is missing is told the wrong way round, as Kubernetes does."""
    hook = {
        "name": "a.b.c",
        "clientConfig": {"service": service},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    found = refusals(ValidatingWebhookConfiguration, {"webhooks": [hook]})
    assert len(found) == len(expected)
    assert all(
        line.startswith(f"webhooks[0].clientConfig.service.{start}")
        for line, start in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("config", [{}, {"url": "", "service": {"name": "s", "namespace": "n"}}])
def test_a_webhook_is_reached_in_one_way(config: dict[str, Any]) -> None:
    """A URL that is there and empty is one too many."""
    hook = {"name": "a.b.c", "clientConfig": config, "sideEffects": "None", "admissionReviewVersions": ["v1"]}
    words = "Required value: exactly one of url or service is required"
    assert refusals(ValidatingWebhookConfiguration, {"webhooks": [hook]}) == [f"webhooks[0].clientConfig: {words}"]


def test_what_is_deleted_is_not_mutated() -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "DELETE"]}
    spec = {"policyName": "p", "matchResources": {"resourceRules": [rule]}}
    words = 'Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"'
    found = refusals(MutatingAdmissionPolicyBinding, {"spec": spec})
    assert found == [f"spec.matchResources.resourceRules.operations: {words}"]


def test_what_only_some_services_and_names_have() -> None:
    spec = {"type": "ExternalName", "externalName": "a.b", "internalTrafficPolicy": "Local"}
    assert "internalTrafficPolicy" not in created(Service, {"spec": spec})["spec"]
    assert refusals(DeviceClass, {"metadata": {"name": "a", "generateName": "A"}}) == []


def test_no_selector_matches_no_pod() -> None:
    pod = {"containers": [{"name": "c", "image": "nginx"}], "restartPolicy": "Never"}
    spec = {"manualSelector": True, "template": {"spec": pod}}
    found = refusals(Job, {"spec": spec})
    assert [line.partition(":")[0] for line in found] == ["spec.selector", "spec.template.metadata.labels"]
