"""How often a change of the metadata is looked at, by kind: each look lists what it finds."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import (
    CertificateSigningRequest,
    ConfigMap,
    CronJob,
    Endpoints,
    IngressClass,
    Lease,
    LimitRange,
    PersistentVolume,
    PodDisruptionBudget,
    Secret,
    Service,
    VolumeAttachment,
)
from sampan.core.model.rules.common.metadata import validate_again, validate_changes_again, validate_update
from sampan.core.schema.resource import resource_of
from tests.support.rules import changes_refused

OLD: dict[str, Any] = {"name": "a", "uid": "1"}
NAMES = {"metadata.labels": "labels", "metadata.finalizers[0]": "known", "metadata.uid": "uid"}


def found(cls: type, of_status: bool, **change: Any) -> list[str]:
    info = resource_of(cls).info
    causes = validate_update(OLD | change, OLD, info, of_status=of_status)
    causes += validate_again(OLD | change, info, of_status=of_status)
    causes += validate_changes_again(OLD | change, OLD, info, of_status=of_status)
    return [NAMES[cause.field] for cause in causes if cause.field in NAMES]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Service, ["labels", "labels", "labels", "known"]),
        (Endpoints, ["labels", "labels", "labels", "known", "labels", "known"]),
        (LimitRange, ["labels", "labels", "labels", "known"]),
        (PersistentVolume, ["labels", "labels", "labels", "known", "labels", "known"]),
        (PodDisruptionBudget, ["labels", "labels"]),
        (CronJob, ["labels", "labels", "labels", "known"]),
        (Lease, ["labels", "labels", "labels"]),
    ],
)
def test_a_bad_label_and_a_bare_finalizer(kind: type, expected: list[str]) -> None:
    assert found(kind, False, labels={"Bad key!": "a"}, finalizers=["x"]) == expected


@pytest.mark.parametrize(
    ("kind", "spec", "status"),
    [
        (Service, 2, 2),
        (PersistentVolume, 1, 2),
        (PodDisruptionBudget, 1, 1),
        (CronJob, 2, 1),
        (CertificateSigningRequest, 2, 2),
        (VolumeAttachment, 1, 1),
    ],
)
def test_another_uid_of_an_object_and_of_its_status(kind: type, spec: int, status: int) -> None:
    assert (len(found(kind, False, uid="2")), len(found(kind, True, uid="2"))) == (spec, status)


def test_the_status_of_an_attachment_leaves_its_labels() -> None:
    kept = resource_of(VolumeAttachment).rules.status_keeps
    assert {"labels", "annotations", "finalizers", "ownerReferences"} <= set(kept)
    assert not resource_of(Service).rules.status_keeps


@pytest.mark.parametrize(
    ("kind", "before", "change", "fields"),
    [
        (ConfigMap, {"immutable": True, "data": {"a": "b"}}, {"data": {"Bad key!": "b"}}, ["data", "data[Bad key!]"]),
        (Secret, {"type": "a"}, {"type": "b", "data": {"Bad key!": ""}}, ["type", "data[Bad key!]"]),
        (IngressClass, {"spec": {"controller": "a.b/c"}}, {"spec": {"controller": ""}}, ["spec.controller"] * 2),
    ],
)
def test_what_may_not_change_is_told_first(
    kind: type, before: dict[str, Any], change: dict[str, Any], fields: list[str]
) -> None:
    assert [line.partition(":")[0] for line in changes_refused(kind, before, change)] == fields
