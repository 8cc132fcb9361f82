"""What the writers of pods, templates and services are told though nothing is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.operations.remarks import remarks
from sampan.core.model.builtin import CronJob, Deployment, EndpointSlice, Node, Pod, RuntimeClass, Service
from sampan.core.schema.resource import resource_of

META = {"name": "a", "generation": 1}
ARCH = "beta.kubernetes.io/arch"


def told(kind: type, obj: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    return list(remarks(resource_of(kind).info, {"metadata": META, **obj}, old))


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "i", **fields}]}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, []),
        ({"nodeSelector": {ARCH: "x"}}, [f"spec.nodeSelector[{ARCH}]: deprecated since v1.14"]),
        ({"topologySpreadConstraints": [{"topologyKey": "z"}]}, ["spec.topologySpreadConstraints[0].labelSelector: "]),
        ({"volumes": [{"name": "v", "storageos": {}}]}, ["spec.volumes[0].storageOS: deprecated in v1.22"]),
        ({"volumes": [{"name": "v", "projected": {"sources": [{}]}}]}, ['volume "v" (Projected) has no sources provided']),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"path": "a"}, {"path": "a/b"}]}}]},
            ['volume "v" (Secret "s"): overlapping paths: "a/b" with "a"'],
        ),
        ({"imagePullSecrets": [{"name": "x"}, {"name": "x"}]}, ['spec.imagePullSecrets[1].name: duplicate name "x"']),
        ({"hostAliases": [{"ip": "::ffff:1.2.3.4"}]}, ['spec.hostAliases[0].ip: non-standard IP address "::ffff:1.2.3.4"']),
        ({"terminationGracePeriodSeconds": -1}, ["spec.terminationGracePeriodSeconds: must be >= 0"]),
        ({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}}, [
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null",
        ]),
        (container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]), []),
        (container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]), [
            'spec.containers[0].env[1]: hides previous definition of "A"',
        ]),
        (container(resources={"limits": {"memory": "1500m"}}), [
            'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid',
        ]),
        (container(ports=[{"containerPort": 1, "protocol": "TCP"}, {"containerPort": 1, "protocol": "TCP"}]), [
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        ]),
        (container(ports=[{"name": "p", "containerPort": 1}, {"name": "p", "containerPort": 2}]), [
            'spec.containers[0].ports[1]: duplicate port name "p" with spec.containers[0].ports[0]',
        ]),
    ],
)  # fmt: skip
def test_pods_and_their_templates(spec: dict[str, Any], said: list[str]) -> None:
    of_pod = told(Pod, {"spec": spec})
    assert [text[: len(start)] for text, start in zip(of_pod, said, strict=True)] == said
    of_template = told(Deployment, {"spec": {"template": {"spec": spec}}})
    assert [text.replace("spec.template.spec", "spec") for text in of_template] == of_pod
    of_schedule = told(CronJob, {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}})
    assert [text.replace("spec.jobTemplate.spec.template.spec", "spec") for text in of_schedule] == of_pod


def test_what_did_not_change_is_not_told_again() -> None:
    obj = {"spec": {"template": {"spec": {"nodeSelector": {ARCH: "x"}}}}}
    assert told(Deployment, obj, {"metadata": META}) == []
    assert len(told(Deployment, obj, {"metadata": {**META, "generation": 0}})) == 1
    assert told(Pod, {"spec": {"nodeSelector": {ARCH: "x"}}}, {"metadata": {**META, "generation": 0}}) == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"type": "ClusterIP", "clusterIPs": ["10.0.0.1"]}, []),
        ({"type": "ClusterIP", "externalIPs": ["1.2.3.4"]}, ["spec.externalIPs is deprecated"]),
        ({"type": "ExternalName", "externalIPs": ["1.2.3.4"]}, ["spec.externalIPs is ignored when spec.type"]),
        ({"type": "ClusterIP", "externalName": "a"}, ["spec.externalName is ignored"]),
        (
            {"type": "ClusterIP", "clusterIP": "None", "sessionAffinity": "ClientIP"},
            ["spec.SessionAffinity is ignored for headless services"],
        ),
        ({"type": "ClusterIP", "trafficDistribution": "PreferClose"}, ["spec.trafficDistribution: "]),
        (
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.1/8"]},
            ["spec.loadBalancerSourceRanges[0]: CIDR"],
        ),
        ({"type": "ClusterIP", "clusterIPs": ["FD00::1"]}, ['spec.clusterIPs[0]: IPv6 address "FD00::1" should be']),
    ],
)
def test_services(spec: dict[str, Any], said: list[str]) -> None:
    found = told(Service, {"spec": {"sessionAffinity": "None", **spec}})
    assert [text[: len(start)] for text, start in zip(found, said, strict=True)] == said


def test_what_other_kinds_keep_from_the_past() -> None:
    assert told(Node, {"spec": {"configSource": {}, "externalID": "x"}}) == [
        "spec.configSource: the feature is removed",
        "spec.externalID: this field is deprecated, and is unused by Kubernetes",
    ]
    assert told(EndpointSlice, {"addressType": "FQDN"}) == ["spec.addressType: FQDN endpoints are deprecated"]
    (about_label,) = told(RuntimeClass, {"scheduling": {"nodeSelector": {ARCH: "x"}}})
    assert about_label.startswith("scheduling.nodeSelector: deprecated since v1.14")
