"""StatefulSets, DaemonSets and ControllerRevisions."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import ControllerRevision, DaemonSet, StatefulSet
from tests.support.rules import cells, changes_refused, created, merged, refusals

SELECTOR = {"matchLabels": {"a": "b"}}
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
SPEC = {"selector": SELECTOR, "template": TEMPLATE}
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
MISMATCH = 'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`'


def test_a_stateful_set_gets_its_defaults() -> None:
    stored = created(StatefulSet, {"spec": SPEC | {"volumeClaimTemplates": [CLAIM]}})
    spec = stored["spec"]
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert (spec["replicas"], spec["podManagementPolicy"], spec["revisionHistoryLimit"]) == (1, "OrderedReady", 10)
    [claim] = spec["volumeClaimTemplates"]
    assert (claim["kind"], claim["apiVersion"], claim["status"]) == (
        "PersistentVolumeClaim",
        "v1",
        {"phase": "Pending"},
    )


def test_claims_of_a_stateful_set_are_volumes_of_its_pods() -> None:
    mounts = [{"name": "data", "mountPath": "/data"}]
    template = merged(TEMPLATE, {"spec": {"containers": [{"name": "c", "image": "nginx", "volumeMounts": mounts}]}})
    spec = {"selector": SELECTOR, "template": template}
    assert refusals(StatefulSet, {"spec": spec | {"volumeClaimTemplates": [CLAIM]}}) == []
    assert refusals(StatefulSet, {"spec": spec}) == [
        'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"serviceName": "A"}, ["spec.serviceName: Invalid value"]),
        ({"podManagementPolicy": "Any"}, ["spec.podManagementPolicy: Invalid value"]),
        ({"updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}}, ["spec.updateStrategy.rollingUpdate: Invalid"]),
        ({"updateStrategy": {"rollingUpdate": {"partition": -1, "maxUnavailable": "0%"}}}, [
            "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1",
        ]),
        ({"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Never"}}, [
            "spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value",
        ]),
        ({"selector": {"matchLabels": {"x": "y"}}, "replicas": -1, "ordinals": {"start": -2}}, [
            "spec.replicas: Invalid value: -1", "spec.ordinals.start: Invalid value: -2", MISMATCH,
        ]),
    ],
)  # fmt: skip
def test_stateful_sets(change: dict[str, Any], expected: list[str]) -> None:
    found = refusals(StatefulSet, {"spec": merged(SPEC, change) | {"selector": change.get("selector", SELECTOR)}})
    assert len(found) == len(expected)
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True)), found


def test_little_of_a_stateful_set_changes() -> None:
    before = {"spec": SPEC | {"serviceName": "a"}}
    assert changes_refused(StatefulSet, before, {"spec": {"replicas": 3, "minReadySeconds": 5}}) == []
    assert changes_refused(StatefulSet, before, {"spec": {"serviceName": "b"}}) == [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
        "are forbidden"
    ]


def test_a_stateful_set_has_no_more_ready_pods_than_pods() -> None:
    change = {"status": {"replicas": 1, "readyReplicas": 2, "availableReplicas": 3}}
    assert changes_refused(StatefulSet, {"spec": SPEC}, change, "status") == [
        "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 3: cannot be greater than status.readyReplicas",
    ]


def test_a_daemon_set_counts_the_changes_of_its_template() -> None:
    annotation = "deprecated.daemonset.template.generation"
    stored = created(DaemonSet, {"spec": SPEC})
    assert stored["metadata"]["annotations"] == {annotation: "1"}
    assert stored["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    assert cells(DaemonSet, stored)["Node Selector"] == "<none>"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"selector": {}}, ["spec.selector: Invalid value: {}: empty selector is invalid for daemonset"]),
        ({"updateStrategy": {"type": "Slowly"}}, [
            'spec.updateStrategy: Unsupported value: {"Type":"Slowly","RollingUpdate":null}: '
            'supported values: "RollingUpdate", "OnDelete"',
        ]),
        ({"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}, [
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0",
        ]),
        ({"updateStrategy": {"rollingUpdate": {"maxUnavailable": "101%", "maxSurge": 1}}}, [
            'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: "
            "may not be set when maxUnavailable is non-zero",
        ]),
    ],
)  # fmt: skip
def test_daemon_sets(change: dict[str, Any], expected: list[str]) -> None:
    assert refusals(DaemonSet, {"spec": SPEC | change}) == expected


def test_a_revision_holds_an_object_for_good() -> None:
    assert refusals(ControllerRevision, {"revision": 1}) == ["data: Required value: data is mandatory"]
    assert refusals(ControllerRevision, {"revision": -1, "data": {}}) == [
        "revision: Invalid value: -1: must be greater than or equal to 0"
    ]
    assert changes_refused(ControllerRevision, {"data": {"a": 1}}, {"data": {"a": 2}, "revision": 3}) == [
        'data: Invalid value: {"a":2}: field is immutable'
    ]
