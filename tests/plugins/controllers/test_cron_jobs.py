"""CronJobs: when a Job is started, which run side by side, and which are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.contracts.plan import Create, Delete, Emit, Plan, Update
from sampan.core.model.batch_v1.cron_job import CronJob, CronJobSpec, CronJobStatus, JobTemplateSpec
from sampan.core.model.batch_v1.job import Job, JobCondition, JobSpec, JobStatus
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.cron_schedule import parse_schedule
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.plugins.controllers.batch.cron_job import SCHEDULED, decide
from sampan.plugins.controllers.batch.cron_times import latest, next_after, times_between
from sampan.plugins.controllers.ownership import controller_reference

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)  # a Tuesday
NOW = NOON + timedelta(seconds=30)


def cron_job(schedule: str = "* * * * *", status: CronJobStatus | None = None, **spec: Any) -> CronJob:
    pods = PodTemplateSpec(metadata=ObjectMeta(), spec=PodSpec(containers=(Container(name="c", image="busybox"),)))
    template = JobTemplateSpec(metadata=ObjectMeta(labels={"a": "b"}), spec=JobSpec(template=pods))
    about: dict[str, Any] = {"concurrency_policy": "Allow", "successful_jobs_history_limit": 3}
    about |= {"failed_jobs_history_limit": 1} | spec
    return CronJob(
        metadata=ObjectMeta(
            name="tick", namespace="default", uid="cj", creation_timestamp=NOON - timedelta(seconds=20)
        ),
        spec=CronJobSpec(schedule=schedule, job_template=template, **about),
        status=status or CronJobStatus(),
    )


def job(name: str, end: str = "", *, began: datetime = NOON) -> Job:
    conditions = (JobCondition(type=end, status="True"),) if end else ()
    done = began + timedelta(seconds=5) if end == "Complete" else None
    return Job(
        metadata=ObjectMeta(
            name=name, namespace="default", uid=f"uid-{name}", owner_references=(controller_reference(cron_job()),)
        ),
        spec=JobSpec(template=PodTemplateSpec(metadata=ObjectMeta())),
        status=JobStatus(conditions=conditions, start_time=began, completion_time=done),
    )


def started(plan: Plan) -> list[str | None]:
    return [action.obj.metadata.name for action in plan.actions if isinstance(action, Create)]


def deleted(plan: Plan) -> list[str]:
    return [action.name for action in plan.actions if isinstance(action, Delete)]


def reasons(plan: Plan) -> list[str]:
    return [action.reason for action in plan.actions if isinstance(action, Emit)]


def status_of(plan: Plan) -> CronJobStatus | None:
    for action in plan.actions:
        if isinstance(action, Update):
            assert isinstance(action.obj, CronJob)
            return action.obj.status
    return None


def test_a_job_is_started_when_its_time_has_come_and_named_after_it() -> None:
    plan = decide(cron_job(time_zone="Etc/UTC"), (), NOW)
    minute = int(NOON.timestamp()) // 60
    assert started(plan) == [f"tick-{minute}"]
    (create,) = (action for action in plan.actions if isinstance(action, Create))
    assert create.obj.metadata.annotations == {SCHEDULED: "2030-01-01T12:00:00Z"}
    status = status_of(plan)
    assert status is not None
    assert status.last_schedule_time == NOON
    assert plan.requeue_after == pytest.approx(30.1)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"suspend": True}, []),
        ({"schedule": "0 13 * * *"}, []),
        ({"status": CronJobStatus(last_schedule_time=NOON)}, []),
        ({"schedule": "nonsense"}, []),
    ],
)
def test_when_no_job_is_started(about: dict[str, Any], expected: list[str]) -> None:
    assert started(decide(cron_job(**about), (), NOW)) == expected


def test_a_start_that_comes_too_late_is_missed() -> None:
    late = cron_job(
        "0 * * * *", CronJobStatus(last_schedule_time=NOON - timedelta(hours=1)), starting_deadline_seconds=60
    )
    plan = decide(late, (), NOON + timedelta(minutes=5))
    assert started(plan) == []
    assert len(started(decide(late, (), NOON + timedelta(seconds=59)))) == 1


@pytest.mark.parametrize(
    ("policy", "starts", "gone"), [("Allow", 1, []), ("Forbid", 0, []), ("Replace", 1, ["before"])]
)
def test_what_becomes_of_a_job_that_still_runs(policy: str, starts: int, gone: list[str]) -> None:
    plan = decide(cron_job(concurrency_policy=policy), (job("before"),), NOW)
    assert (len(started(plan)), deleted(plan)) == (starts, gone)
    assert ("JobAlreadyActive" in reasons(plan)) == (policy == "Forbid")


def test_the_status_names_who_runs_and_the_last_success() -> None:
    known = ObjectReference(kind="Job", name="old", uid="uid-old", namespace="default", api_version="batch/v1")
    before = CronJobStatus(active=(known,), last_schedule_time=NOON)
    plan = decide(cron_job(status=before), (job("old", "Complete"), job("new")), NOW)
    status = status_of(plan)
    assert status is not None
    assert [reference.name for reference in status.active] == ["new"]
    assert status.last_successful_time == NOON + timedelta(seconds=5)
    assert reasons(plan) == ["SawCompletedJob"]


def test_the_history_keeps_the_latest() -> None:
    jobs = [job(f"s{hour}", "Complete", began=NOON - timedelta(hours=hour)) for hour in range(5)]
    jobs += [job(f"f{hour}", "Failed", began=NOON - timedelta(hours=hour)) for hour in range(3)]
    plan = decide(cron_job(status=CronJobStatus(last_schedule_time=NOON)), jobs, NOW)
    assert deleted(plan) == ["s4", "s3", "f2", "f1"]


NEXT = [
    ("*/15 * * * *", NOW, datetime(2030, 1, 1, 12, 15)),
    ("0 0 1 * *", NOW, datetime(2030, 2, 1)),
    ("0 9 * * 1-5", NOW, datetime(2030, 1, 2, 9)),
    ("0 0 13 * 5", NOW, datetime(2030, 1, 4)),  # the 13th, or a Friday
    ("0 0 29 2 *", NOW, datetime(2032, 2, 29)),
    ("@every 90s", NOON, datetime(2030, 1, 1, 12, 1, 30)),
]


@pytest.mark.parametrize(("schedule", "after", "expected"), NEXT)
def test_the_next_time(schedule: str, after: datetime, expected: datetime) -> None:
    assert next_after(parse_schedule(schedule), after) == expected.replace(tzinfo=UTC)


def test_a_time_that_never_comes() -> None:
    assert next_after(parse_schedule("0 0 30 2 *"), NOW) is None


def test_times_are_those_of_a_zone_and_leave_out_what_its_clock_leaps_over() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    schedule = parse_schedule("30 2 * * *")
    first = next_after(schedule, datetime(2030, 3, 30, 12, tzinfo=UTC), berlin)
    assert first == datetime(2030, 4, 1, 0, 30, tzinfo=UTC)  # 31 March has no half past two


@given(
    st.sampled_from(["* * * * *", "*/7 3 * * *", "0 0 1 */2 *", "5 4 * * 0", "@hourly"]),
    st.integers(0, 400 * 1440),
)
def test_the_latest_time_is_the_last_of_all(schedule: str, minutes: int) -> None:
    parsed = parse_schedule(schedule)
    until = NOON + timedelta(minutes=minutes)
    after = until - timedelta(hours=30)
    every = list(times_between(parsed, after, until))
    assert latest(parsed, after, until) == (every[-1] if every else None)
