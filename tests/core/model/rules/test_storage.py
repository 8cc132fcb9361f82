"""StorageClasses and what CSI drivers say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import (
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    StorageClass,
    VolumeAttachment,
    VolumeAttributesClass,
)
from tests.support.rules import cells, changes_refused, created, refusals

IMMUTABLE = "field is immutable"
TWICE = "may not specify a duration"


def test_a_class_gets_its_defaults() -> None:
    stored = created(StorageClass, {"provisioner": "example.com/p"})
    assert (stored["reclaimPolicy"], stored["volumeBindingMode"]) == ("Delete", "Immediate")


def test_the_default_class_is_marked() -> None:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    stored = created(StorageClass, {"metadata": {"annotations": annotations}, "provisioner": "p"})
    assert cells(StorageClass, stored)["Name"] == "test (default)"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ["provisioner: Required value"]),
        (
            {"provisioner": "p", "reclaimPolicy": "Recycle", "volumeBindingMode": "Later"},
            [
                'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
                'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
            ],
        ),
        (
            {
                "provisioner": "p",
                "allowedTopologies": [{"matchLabelExpressions": [{"key": "z", "values": ["a", "a"]}, {"key": "z"}]}],
            },
            [
                'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
                "allowedTopologies[0].matchLabelExpressions[1].values: Required value",
                'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "z"',
            ],
        ),
        ({"provisioner": "p", "parameters": {str(n): "" for n in range(513)}}, [
            "parameters: Too long: may not be more than 512 bytes",
        ]),
    ],
)  # fmt: skip
def test_storage_classes(body: dict[str, Any], expected: list[str]) -> None:
    assert refusals(StorageClass, body) == expected


def test_what_a_class_promises_never_changes() -> None:
    before = {"provisioner": "p", "parameters": {"a": "b"}}
    change = {"provisioner": "q", "reclaimPolicy": "Retain", "allowVolumeExpansion": True}
    assert changes_refused(StorageClass, before, change) == [
        f'provisioner: Invalid value: "q": {IMMUTABLE}',
        f'reclaimPolicy: Invalid value: "Retain": {IMMUTABLE}',
    ]


def test_volume_attributes() -> None:
    assert refusals(VolumeAttributesClass, {"driverName": "d"}) == [
        "parameters: Required value: must contain at least one key/value pair"
    ]
    before = {"driverName": "d", "parameters": {"iops": "1"}}
    assert changes_refused(VolumeAttributesClass, before, {"parameters": {"iops": "2"}}) == [
        "parameters: Forbidden: updates to parameters are forbidden."
    ]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        (
            {"fsGroupPolicy": "Some", "nodeAllocatableUpdatePeriodSeconds": 9, "serviceAccountTokenInSecrets": True},
            [
                'spec.fsGroupPolicy: Unsupported value: "Some": '
                'supported values: "File", "None", "ReadWriteOnceWithFSType"',
                "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds",
                "spec.serviceAccountTokenInSecrets: Invalid value: true: "
                "serviceAccountTokenInSecrets is set but no tokenRequests are specified",
            ],
        ),
        (
            {"tokenRequests": [{"audience": "a", "expirationSeconds": 5}, {"audience": "a"}]},
            [
                f"spec.tokenRequests[0].expirationSeconds: Invalid value: 5: {TWICE} less than 10 minutes",
                'spec.tokenRequests[1].audience: Duplicate value: "a"',
            ],
        ),
    ],
)
def test_drivers(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(CSIDriver, {"spec": spec}) == expected


def test_drivers_of_a_node() -> None:
    driver = {"name": "d.example.com", "nodeID": "n", "topologyKeys": ["zone"], "allocatable": {"count": 3}}
    assert refusals(CSINode, {"spec": {"drivers": [driver, driver]}}) == [
        'spec.drivers[1].name: Duplicate value: "d.example.com"'
    ]
    before = {"spec": {"drivers": [driver]}}
    assert changes_refused(CSINode, before, {"spec": {"drivers": [driver | {"allocatable": {"count": 5}}]}}) == []
    assert changes_refused(CSINode, before, {"spec": {"drivers": [driver | {"nodeID": "m"}]}}) == [
        'spec.drivers: Invalid value: {"name":"d.example.com","nodeID":"m","topologyKeys":["zone"]}: field is immutable'
    ]


def test_an_attachment_names_one_volume() -> None:
    spec = {"attacher": "d", "nodeName": "n", "source": {}}
    words = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    assert refusals(VolumeAttachment, {"spec": spec}) == [f"spec.source: Required value: {words}"]
    assert refusals(VolumeAttachment, {"spec": spec | {"source": {"persistentVolumeName": "pv"}}}) == []


def test_the_question_of_a_capacity_never_changes() -> None:
    before = {"storageClassName": "a", "capacity": "1Gi"}
    assert changes_refused(CSIStorageCapacity, before, {"storageClassName": "b", "capacity": "2Gi"}) == [
        f'storageClassName: Invalid value: "b": {IMMUTABLE}'
    ]
    assert refusals(CSIStorageCapacity, {"storageClassName": "a", "capacity": "-1"}) == [
        'capacity: Invalid value: "-1": must be greater than or equal to 0'
    ]
