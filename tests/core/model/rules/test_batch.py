"""Jobs and CronJobs."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import CronJob, Job
from sampan.core.model.cron_schedule import parse_schedule
from tests.support.rules import cells, changes_refused, created, merged, refusals

POD: dict[str, Any] = {"containers": [{"name": "c", "image": "nginx"}], "restartPolicy": "Never"}
SPEC = {"template": {"spec": POD}}
INDEXED = SPEC | {"completionMode": "Indexed", "completions": 5}
CRON = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": SPEC}}
OWN = ("batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name")


def job(spec: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "test", "uid": "u"}, "spec": spec}


def test_a_job_gets_its_defaults_and_labels_of_its_own() -> None:
    stored = created(Job, job(SPEC))
    spec = stored["spec"]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (1, 1, 6)
    assert (spec["completionMode"], spec["suspend"], spec["podReplacementPolicy"]) == (
        "NonIndexed", False, "TerminatingOrFailed",
    )  # fmt: skip
    assert spec["selector"] == {"matchLabels": {OWN[0]: "u"}}
    assert spec["template"]["metadata"]["labels"] == dict(zip(OWN, ("u", "test", "u", "test"), strict=True))
    assert stored["metadata"]["labels"] == spec["template"]["metadata"]["labels"]


def test_labels_that_a_client_chose_stay_as_they_are() -> None:
    body = merged(job(SPEC), {"metadata": {"labels": {"a": "b"}}})
    assert created(Job, body)["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (merged(SPEC, {"template": {"spec": {"restartPolicy": "Always"}}}), [
            'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
        ]),
        (SPEC | {"backoffLimitPerIndex": 1}, [
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        ]),
        (INDEXED | {"maxFailedIndexes": 6}, [
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
            "spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions",
        ]),
        (SPEC | {"completionMode": "Indexed"}, []),
        (SPEC | {"managedBy": "me"}, [
            'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
        ]),
        (SPEC | {"podFailurePolicy": {"rules": [{"action": "Stop", "onExitCodes": {"values": [2, 0, 2]}}]}}, [
            'spec.podFailurePolicy.rules[0].action: Unsupported value: "Stop": '
            'supported values: "Count", "FailIndex", "FailJob", "Ignore"',
            'spec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid values: ["In" "NotIn"]',
            "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2",
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0,2]: must be ordered",
        ]),
        (INDEXED | {"successPolicy": {"rules": [{"succeededIndexes": "0,2-3", "succeededCount": 4}, {}]}}, [
            "spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 3 "
            "(the number of indexes in the specified succeededIndexes field)",
            "spec.successPolicy.rules[1]: Required value: "
            "at least one of succeededCount or succeededIndexes must be specified",
        ]),
        (INDEXED | {"successPolicy": {"rules": [{"succeededIndexes": "3,1"}, {"succeededIndexes": "9"}]}}, [
            'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "3,1": '
            "error parsing succeededIndexes: non-increasing order, previous: 3, current: 1",
            'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "9": '
            'error parsing succeededIndexes: too large index: "9"',
        ]),
    ],
)  # fmt: skip
def test_jobs(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(Job, job(spec)) == expected


def test_a_selector_of_the_servers_own_cannot_be_another_jobs() -> None:
    labels = {"controller-uid": "other"}
    found = refusals(Job, job(merged(SPEC, {"template": {"metadata": {"labels": labels}}})))
    assert [each.partition(":")[0] for each in found] == ["spec.template.metadata.labels[controller-uid]"]


def test_what_a_job_is_about_never_changes() -> None:
    found = changes_refused(Job, job(SPEC), {"spec": {"completions": 2, "parallelism": 3, "suspend": True}})
    assert found == ["spec.completions: Invalid value: 2: field is immutable"]
    tandem = {"spec": {"completions": 7, "parallelism": 7}}
    assert changes_refused(Job, job(INDEXED), tandem) == []


def test_a_jobs_own_labels_are_looked_at_as_if_it_were_new_and_its_status_alone() -> None:
    labels = {"controller-uid": "another", "batch.kubernetes.io/controller-uid": "another"}
    found = changes_refused(Job, job(SPEC), {"spec": {"template": {"metadata": {"labels": labels}}}})
    assert [line.partition(":")[0] for line in found] == [
        "spec.template.metadata.labels[controller-uid]",
        "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]",
        "spec.template.metadata.labels",
        "spec.template.metadata.labels",
        "spec.template",
    ]
    change = {"spec": {"selector": None}, "status": {"active": -1}}
    found = changes_refused(Job, job(SPEC), change, "status")
    assert [line.partition(":")[0] for line in found] == ["status.active"]


def test_a_suspended_job_may_still_be_told_where_to_run() -> None:
    change = {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}}
    assert changes_refused(Job, job(SPEC | {"suspend": True}), change) == []
    [found] = changes_refused(Job, job(SPEC), change)
    assert found.startswith("spec.template: Invalid value")
    [found] = changes_refused(Job, job(SPEC | {"suspend": True}), {"spec": {"template": {"spec": {"hostname": "h"}}}})
    assert found.startswith("spec.template.spec: Invalid value")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"active": 1, "ready": 1}, []),
        ({"active": -1}, ["status.active: Invalid value: -1: must be greater than or equal to 0"]),
        ({"active": 1, "ready": 2}, ["status.ready: Invalid value: 2: cannot set more ready pods than active"]),
        ({"conditions": [{"type": "Complete", "status": "True"}], "startTime": "2026-01-01T00:00:00Z"}, [
            "status.conditions: Invalid value: "
            "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
            "status.completionTime: Required value: completionTime is required for Complete jobs",
        ]),
        ({"completedIndexes": "1"}, [
            'status.completedIndexes: Invalid value: "1": error parsing completedIndexes: too large index: "1"',
            'status.completedIndexes: Invalid value: "1": '
            "cannot set non-empty completedIndexes when non-indexed completion mode",
        ]),
    ],
)  # fmt: skip
def test_statuses_of_jobs(status: dict[str, Any], expected: list[str]) -> None:
    assert changes_refused(Job, job(SPEC), {"status": status}, "status") == expected


@pytest.mark.parametrize(
    ("spec", "status", "completions", "state"),
    [
        ({"completions": 3}, {"succeeded": 1}, "1/3", "Running"),
        ({"parallelism": 4}, {}, "0/1 of 4", "Running"),
        ({"completions": 1}, {"conditions": [{"type": "Failed", "status": "True"}]}, "0/1", "Failed"),
    ],
)
def test_columns_of_jobs(spec: dict[str, Any], status: dict[str, Any], completions: str, state: str) -> None:
    shown = cells(Job, {"metadata": {}, "spec": spec, "status": status})
    assert (shown["Completions"], shown["Status"]) == (completions, state)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"schedule": ""}, ["spec.schedule: Required value"]),
        ({"schedule": "1 2 3"}, [
            'spec.schedule: Invalid value: "1 2 3": expected exactly 5 fields, found 3: [1 2 3]',
        ]),
        ({"schedule": "60 * * * *"}, [
            'spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60',
        ]),
        ({"schedule": "CRON_TZ=UTC * * * * *"}, [
            'spec.schedule: Invalid value: "CRON_TZ=UTC * * * * *": '
            "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
        ]),
        ({"timeZone": "Mars/Base"}, ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base']),
        ({"timeZone": "", "concurrencyPolicy": "", "startingDeadlineSeconds": -1}, [
            "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
            'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string',
        ]),
        ({"concurrencyPolicy": "Wait"}, [
            'spec.concurrencyPolicy: Unsupported value: "Wait": supported values: "Allow", "Forbid", "Replace"',
        ]),
        ({"jobTemplate": {"spec": {"manualSelector": True}}}, [
            'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
        ]),
    ],
)  # fmt: skip
def test_cron_jobs(change: dict[str, Any], expected: list[str]) -> None:
    assert refusals(CronJob, {"spec": merged(CRON, change)}) == expected


def test_jobs_of_a_cron_job_get_their_defaults_when_they_are_made() -> None:
    spec = created(CronJob, {"spec": CRON})["spec"]
    assert (spec["suspend"], spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (False, 3, 1)
    assert "completions" not in spec["jobTemplate"]["spec"]


@pytest.mark.parametrize("text", ["@daily", "@every 1h30m", "0 0 1 jan mon", "*/15 0-6/2 ? * *", "1,2,3 * * * *"])
def test_schedules(text: str) -> None:
    parse_schedule(text)
