"""PersistentVolumes and claims."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import PersistentVolume, PersistentVolumeClaim
from tests.support.rules import cells, changes_refused, created, refusals

VOLUME = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "hostPath": {"path": "/a"}}
CLAIM: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
FIXED = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
MODES = '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'


def test_a_volume_gets_its_defaults() -> None:
    stored = created(PersistentVolume, {"spec": VOLUME, "status": {"phase": "Bound"}})
    spec = stored["spec"]
    assert (spec["persistentVolumeReclaimPolicy"], spec["volumeMode"]) == ("Retain", "Filesystem")
    assert stored["status"] == {"phase": "Pending", "lastPhaseTransitionTime": "2026-01-01T00:00:00Z"}
    assert cells(PersistentVolume, stored)["Access Modes"] == "RWO,ROX"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {},
            [
                "spec.accessModes: Required value",
                "spec.capacity: Required value",
                'spec.capacity: Unsupported value: {}: supported values: "storage"',
                "spec: Required value: must specify a volume type",
            ],
        ),
        (
            VOLUME | {"accessModes": ["Sometimes"], "persistentVolumeReclaimPolicy": "Keep", "nfs": {"server": "s"}},
            [
                f'spec.accessModes: Unsupported value: "Sometimes": supported values: {MODES}',
                'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": '
                'supported values: "Delete", "Recycle", "Retain"',
                "spec.nfs: Forbidden: may not specify more than 1 volume type",
            ],
        ),
        (
            {"capacity": {"storage": "0"}, "accessModes": ["ReadWriteOnce"], "local": {"path": "/a"}},
            [
                'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
                "spec.nodeAffinity: Required value: Local volume requires node affinity",
            ],
        ),
        (VOLUME | {"accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]}, [
            "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
        ]),
        (VOLUME | {"volumeAttributesClassName": "a"}, [
            "spec.csi: Required value: has to be specified when using volumeAttributesClassName",
        ]),
    ],
)  # fmt: skip
def test_volumes(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(PersistentVolume, {"spec": spec}) == expected


def test_the_storage_behind_a_volume_never_changes() -> None:
    before = {"spec": VOLUME}
    assert changes_refused(PersistentVolume, before, {"spec": {"hostPath": {"path": "/b"}}}) == [
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"
    ]
    assert changes_refused(PersistentVolume, before, {"spec": {"capacity": {"storage": "2Gi"}}}) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (CLAIM, []),
        (
            {"volumeMode": "Disk"},
            [
                "spec.accessModes: Required value: at least 1 access mode is required",
                "spec.resources[storage]: Required value",
                'spec.volumeMode: Unsupported value: "Disk": supported values: "Block", "Filesystem"',
            ],
        ),
        (CLAIM | {"dataSourceRef": {"kind": "Boat", "name": "b"}}, [
            "spec.dataSource: Invalid value: \"Boat\": "
            "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
            "spec.dataSourceRef: Invalid value: \"Boat\": "
            "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
        ]),
    ],
)  # fmt: skip
def test_claims(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(PersistentVolumeClaim, {"spec": spec}) == expected


def test_both_names_for_the_content_of_a_claim_say_the_same() -> None:
    source = {"kind": "PersistentVolumeClaim", "name": "other"}
    stored = created(PersistentVolumeClaim, {"spec": CLAIM | {"dataSource": source}})
    assert stored["spec"]["dataSourceRef"] == {"apiGroup": None, **source}
    elsewhere = {**source, "namespace": "else"}
    stored = created(PersistentVolumeClaim, {"spec": CLAIM | {"dataSourceRef": elsewhere}})
    assert "dataSourceRef" not in stored["spec"]
    unknown = {"apiGroup": "example.com", "kind": "Boat", "name": "b"}
    stored = created(PersistentVolumeClaim, {"spec": CLAIM | {"dataSource": unknown}})
    assert "dataSource" not in stored["spec"]


def test_a_claim_that_waits_can_only_be_given_a_volume_or_a_class() -> None:
    before = {"spec": CLAIM}
    larger = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    assert changes_refused(PersistentVolumeClaim, before, larger) == [f"spec: Forbidden: {FIXED}"]
    given = {"spec": {"volumeName": "pv", "storageClassName": "a"}}
    assert changes_refused(PersistentVolumeClaim, before, given) == []


def test_a_claim_that_is_written_back_as_it_was_read_has_not_changed() -> None:
    source = {"kind": "PersistentVolumeClaim", "name": "other"}
    before = {"spec": CLAIM | {"dataSource": source}}
    for word in ("dataSource", "dataSourceRef"):
        assert changes_refused(PersistentVolumeClaim, before, {"spec": {word: source | {"apiGroup": None}}}) == []
    assert changes_refused(PersistentVolumeClaim, before, {"spec": {"dataSource": source | {"name": "third"}}}) != []
