"""Jobs: which pods they have, how each is counted once, and how they end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Create, Delete, Emit, Patch, Plan, Update
from sampan.core.model.batch_v1.job import Job, JobCondition, JobSpec, JobStatus, UncountedTerminatedPods
from sampan.core.model.batch_v1.job_policy import (
    PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyRule,
    SuccessPolicy,
    SuccessPolicyRule,
)
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.container_status import ContainerState, ContainerStateTerminated, ContainerStatus
from sampan.core.model.core_v1.pod import Pod, PodStatus, PodTemplateSpec
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.testing.state import State
from sampan.plugins.controllers.batch.job import indexes
from sampan.plugins.controllers.batch.job.controller import NAME_LABEL, JobController, decide
from sampan.plugins.controllers.batch.job.count import FINALIZER
from sampan.plugins.controllers.batch.job.index_failures import FAILURES, IGNORED
from sampan.plugins.controllers.batch.ttl import TtlAfterFinishedController
from sampan.plugins.controllers.ownership import controller_reference

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
KEY = Key("default", "work")
LABELS = {"batch.kubernetes.io/job-name": "work", "u": "1"}


def job(status: JobStatus | None = None, *, restart: str = "Never", **spec: Any) -> Job:
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels=LABELS),
        spec=PodSpec(containers=(Container(name="c", image="busybox"),), restart_policy=restart),
    )
    about = {"parallelism": 1, "completions": 1, "backoff_limit": 6} | spec
    return Job(
        metadata=ObjectMeta(name="work", namespace="default", uid="job-uid"),
        spec=JobSpec(selector=LabelSelector(match_labels={"u": "1"}), template=template, **about),
        status=status or JobStatus(),
    )


def pod(name: str, phase: str = "Pending", *, index: int | None = None, tracked: bool = True, **more: Any) -> Pod:
    status: dict[str, Any] = {"phase": phase}
    if (code := more.pop("exit_code", None)) is not None:
        ended = ContainerStateTerminated(exit_code=code, finished_at=more.pop("ended", NOW))
        status["container_statuses"] = (ContainerStatus(name="c", state=ContainerState(terminated=ended)),)
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace="default",
            uid=f"uid-{name}",
            labels=LABELS,
            annotations={} if index is None else {indexes.INDEX: str(index)},
            finalizers=(FINALIZER,) if tracked else (),
            owner_references=(controller_reference(job()),),
            creation_timestamp=more.pop("created", NOW - timedelta(hours=1)),
            **more,
        ),
        spec=PodSpec(containers=(Container(name="c", image="busybox"),)),
        status=PodStatus(**status),
    )


def made(plan: Plan) -> list[Pod]:
    return [action.obj for action in plan.actions if isinstance(action, Create) and isinstance(action.obj, Pod)]


def deleted(plan: Plan) -> list[str]:
    return [action.name for action in plan.actions if isinstance(action, Delete)]


def released(plan: Plan) -> list[str]:
    return [action.name for action in plan.actions if isinstance(action, Patch)]


def status_of(plan: Plan, before: Job) -> JobStatus:
    for action in plan.actions:
        if isinstance(action, Update):
            assert isinstance(action.obj, Job)
            return action.obj.status
    return before.status


def conditions(status: JobStatus) -> list[tuple[str, str, str | None]]:
    return [(each.type, each.status, each.reason) for each in status.conditions]


def test_a_new_job_makes_as_many_pods_as_run_side_by_side() -> None:
    plan = decide(job(parallelism=2, completions=5), (), NOW)
    first, second = made(plan)
    assert first.metadata.finalizers == second.metadata.finalizers == (FINALIZER,)
    assert first.metadata.generate_name == "work-"
    status = status_of(plan, job())
    assert (status.start_time, status.active, status.terminating) == (NOW, 0, 0)


@pytest.mark.parametrize(
    ("spec", "pods", "expected"),
    [
        ({"parallelism": 3, "completions": 2}, (), 2),
        ({"parallelism": 2, "completions": 5}, (pod("a", "Running"),), 1),
        ({"parallelism": 2, "completions": 2}, (pod("a", "Succeeded"), pod("b", "Running")), 0),
        ({"parallelism": 2, "completions": None}, (pod("a", "Running"),), 1),
        ({"parallelism": 2, "completions": None}, (pod("a", "Succeeded"), pod("b", "Running")), 0),
        ({"parallelism": 0, "completions": 2}, (), 0),
    ],
)
def test_how_many_pods_are_made(spec: dict[str, Any], pods: Sequence[Pod], expected: int) -> None:
    assert len(made(decide(job(**spec), pods, NOW))) == expected


def test_a_pod_is_counted_once_in_three_steps() -> None:
    running = job(parallelism=1, completions=2)
    ended = pod("a", "Succeeded")
    first = decide(running, (ended,), NOW)
    noted = status_of(first, running)
    assert (noted.succeeded, noted.uncounted_terminated_pods) == (0, UncountedTerminatedPods(succeeded=("uid-a",)))
    kinds = [type(action) for action in first.actions]
    assert kinds.index(Update) < kinds.index(Patch)  # what is not written down keeps its finalizer

    again = decide(evolve(running, status=noted), (ended,), NOW)
    assert not any(isinstance(action, Update) for action in again.actions)

    freed = decide(evolve(running, status=noted), (pod("a", "Succeeded", tracked=False),), NOW)
    counted = status_of(freed, running)
    assert (counted.succeeded, counted.uncounted_terminated_pods) == (1, UncountedTerminatedPods())


def test_a_job_is_complete_once_its_pods_are_counted() -> None:
    running = job(JobStatus(start_time=NOW, succeeded=0, uncounted_terminated_pods=UncountedTerminatedPods()))
    target = decide(running, (pod("a", "Succeeded"),), NOW)
    assert conditions(status_of(target, running)) == [("SuccessCriteriaMet", "True", "CompletionsReached")]
    then = evolve(running, status=status_of(target, running))
    end = decide(then, (pod("a", "Succeeded", tracked=False),), NOW)
    status = status_of(end, then)
    assert [each[0] for each in conditions(status)] == ["SuccessCriteriaMet", "Complete"]
    assert (status.completion_time, status.succeeded) == (NOW, 1)
    assert any(isinstance(action, Emit) and action.reason == "Completed" for action in end.actions)


@pytest.mark.parametrize(("failures", "waits"), [(1, 10), (2, 20), (3, 40)])
def test_failed_pods_are_replaced_after_longer_and_longer_waits(failures: int, waits: float) -> None:
    pods = [pod(str(place), "Failed", exit_code=1) for place in range(failures)]
    plan = decide(job(), pods, NOW)
    assert (made(plan), plan.requeue_after) == ([], waits)
    assert len(made(decide(job(), pods, NOW + timedelta(seconds=waits)))) == 1


def test_too_many_failures_end_the_job() -> None:
    failing = job(JobStatus(start_time=NOW, failed=1), backoff_limit=1)
    plan = decide(failing, (pod("a", "Failed", exit_code=1), pod("b", "Running")), NOW)
    assert conditions(status_of(plan, failing)) == [("FailureTarget", "True", "BackoffLimitExceeded")]
    assert deleted(plan) == ["b"]


def test_restarts_count_where_containers_are_restarted() -> None:
    status = PodStatus(phase="Running", container_statuses=(ContainerStatus(name="c", restart_count=2),))
    restarted = evolve(pod("a", "Running"), status=status)
    plan = decide(job(restart="OnFailure", backoff_limit=2), (restarted,), NOW)
    assert conditions(status_of(plan, job()))[0][2] == "BackoffLimitExceeded"


def test_a_deadline_ends_the_job() -> None:
    late = job(JobStatus(start_time=NOW - timedelta(seconds=30)), active_deadline_seconds=20)
    plan = decide(late, (pod("a", "Running"),), NOW)
    assert conditions(status_of(plan, late)) == [("FailureTarget", "True", "DeadlineExceeded")]
    soon = decide(late, (pod("a", "Running"),), NOW - timedelta(seconds=15))
    assert soon.requeue_after == 5


def test_a_suspended_job_has_no_pods_and_begins_anew() -> None:
    running = job(JobStatus(start_time=NOW), suspend=True)
    stopped = decide(running, (pod("a", "Running"),), NOW)
    status = status_of(stopped, running)
    assert (deleted(stopped), status.start_time) == (["a"], None)
    assert conditions(status) == [("Suspended", "True", "JobSuspended")]
    resumed = decide(job(status), (), NOW)
    assert conditions(status_of(resumed, running)) == [("Suspended", "False", "JobResumed")]
    assert len(made(resumed)) == 1


def test_indexes_are_made_completed_and_written_short() -> None:
    indexed = job(completion_mode="Indexed", parallelism=3, completions=4)
    first = made(decide(indexed, (), NOW))[0]
    assert first.metadata.labels[indexes.INDEX] == first.metadata.annotations[indexes.INDEX] == "0"
    assert (first.spec.hostname, first.spec.containers[0].env[0].name) == ("work-0", "JOB_COMPLETION_INDEX")

    pods = (pod("a", "Succeeded", index=0), pod("b", "Running", index=1), pod("c", "Succeeded", index=2))
    plan = decide(indexed, pods, NOW)
    status = status_of(plan, indexed)
    assert (status.completed_indexes, status.succeeded) == ("0,2", 2)
    assert [each.metadata.generate_name for each in made(plan)] == ["work-3-"]


def test_a_success_policy_ends_the_job_early() -> None:
    policy = SuccessPolicy(rules=(SuccessPolicyRule(succeeded_indexes="0"),))
    led = job(completion_mode="Indexed", parallelism=2, completions=2, success_policy=policy)
    plan = decide(led, (pod("a", "Succeeded", index=0), pod("b", "Running", index=1)), NOW)
    assert conditions(status_of(plan, led)) == [("SuccessCriteriaMet", "True", "SuccessPolicy")]
    assert deleted(plan) == ["b"]
    then = evolve(led, status=status_of(plan, led))
    gone = decide(then, (pod("b", "Running", index=1, deletion_timestamp=NOW),), NOW)
    assert status_of(gone, then).failed == 0


def test_indexes_with_a_limit_of_their_own_fail_alone() -> None:
    limited = job(completion_mode="Indexed", parallelism=2, completions=2, backoff_limit_per_index=0, backoff_limit=99)
    pods = (pod("a", "Failed", index=0, exit_code=1), pod("b", "Succeeded", index=1))
    status = status_of(decide(limited, pods, NOW), limited)
    assert (status.failed_indexes, status.completed_indexes) == ("0", "1")
    assert conditions(status) == [("FailureTarget", "True", "FailedIndexes")]


LIMITED: dict[str, Any] = {
    "completion_mode": "Indexed", "parallelism": 2, "completions": 2, "backoff_limit_per_index": 1, "backoff_limit": 99,
}  # fmt: skip


def failed(name: str, index: int, *, ago: float, counts: str = "", **more: Any) -> Pod:
    """A pod that ended some seconds ago, with the count that it was given."""
    made = pod(name, "Failed", index=index, exit_code=1, ended=NOW - timedelta(seconds=ago), **more)
    told = {FAILURES: counts} if counts else {}
    return evolve(made, metadata=evolve(made.metadata, annotations={**made.metadata.annotations, **told}))


def counted(plan: Plan) -> dict[str, str | None]:
    return {each.metadata.annotations[indexes.INDEX]: each.metadata.annotations.get(FAILURES) for each in made(plan)}


def test_pods_know_how_often_their_index_has_failed() -> None:
    limited = job(**LIMITED)
    assert counted(decide(limited, (), NOW)) == {"0": "0", "1": "0"}
    assert counted(decide(limited, (failed("a", 0, ago=60, counts="0"),), NOW)) == {"0": "1", "1": "0"}
    unlimited = job(**{**LIMITED, "backoff_limit_per_index": None})
    assert counted(decide(unlimited, (), NOW)) == {"0": None, "1": None}


def test_each_index_waits_for_itself() -> None:
    plan = decide(job(**LIMITED), (failed("a", 0, ago=4, counts="0"),), NOW)
    assert counted(plan) == {"1": "0"}
    assert plan.requeue_after == 6
    plan = decide(job(**{**LIMITED, "backoff_limit_per_index": 5}), (failed("a", 0, ago=15, counts="1"),), NOW)
    assert plan.requeue_after == 5, "twice as long after the second failure, though the first pod is not there any more"


def test_a_failed_pod_stays_until_its_replacement_is_there() -> None:
    before = failed("a", 0, ago=60, counts="0")
    assert released(decide(job(**LIMITED), (before,), NOW)) == []
    assert released(decide(job(**LIMITED), (before, pod("b", "Running", index=0)), NOW)) == ["a"]
    last = failed("a", 0, ago=60, counts="1")
    assert released(decide(job(**LIMITED), (last,), NOW)) == ["a"], "an index that has failed for good has none"


@pytest.mark.parametrize("nonsense", ["", "many", "-1", "9" * 11])
def test_a_count_that_somebody_has_spoilt_begins_anew(nonsense: str) -> None:
    assert counted(decide(job(**LIMITED), (failed("a", 0, ago=60, counts=nonsense),), NOW)) == {"0": "1", "1": "0"}


def test_failures_that_do_not_count_are_told_apart() -> None:
    codes = PodFailurePolicyOnExitCodesRequirement(operator="In", values=(1,))
    policy = PodFailurePolicy(rules=(PodFailurePolicyRule(action="Ignore", on_exit_codes=codes),))
    new = made(decide(job(**LIMITED, pod_failure_policy=policy), (failed("a", 0, ago=60, counts="0"),), NOW))
    about = next(each.metadata.annotations for each in new if each.metadata.annotations[indexes.INDEX] == "0")
    assert (about[FAILURES], about[IGNORED]) == ("0", "1")


@pytest.mark.parametrize(
    ("action", "counted", "reason"),
    [("FailJob", 1, "PodFailurePolicy"), ("Ignore", 0, None), ("Count", 1, None)],
)
def test_a_pod_failure_policy_decides(action: str, counted: int, reason: str | None) -> None:
    codes = PodFailurePolicyOnExitCodesRequirement(operator="In", values=(42,))
    policy = PodFailurePolicy(rules=(PodFailurePolicyRule(action=action, on_exit_codes=codes),))
    ruled = job(pod_failure_policy=policy)
    plan = decide(ruled, (pod("a", "Failed", exit_code=42),), NOW)
    status = status_of(plan, ruled)
    uncounted = status.uncounted_terminated_pods
    assert uncounted is not None
    assert len(uncounted.failed) == counted
    assert [each[2] for each in conditions(status)] == ([reason] if reason else [])
    assert released(plan) == ["a"]


def test_pods_without_a_job_lose_the_finalizer() -> None:
    controller = JobController()
    plan = controller.reconcile(KEY, State(pod("a", "Running"), controller=controller), NOW)
    assert released(plan) == ["a"]


def orphan(name: str, **labels: str) -> Pod:
    tracked = pod(name, "Running")
    return evolve(tracked, metadata=evolve(tracked.metadata, owner_references=(), labels=labels))


@pytest.mark.parametrize("ended", [False, True])
def test_pods_that_their_job_has_lost_keep_no_finalizer(ended: bool) -> None:
    """Whether they still tell which Job they had, or not: nobody would ever count them, and none could be deleted."""
    controller = JobController()
    done = JobCondition(type="Complete", status="True", last_transition_time=NOW)
    had = job(JobStatus(conditions=(done,) if ended else ()))
    known, unknown = orphan("a", **{NAME_LABEL: "work"}), orphan("b")
    state = State(had, known, unknown, controller=controller)
    assert released(controller.reconcile(KEY, state, NOW)) == ["a"]
    (keys,) = {tuple(watch.keys(unknown, state)) for watch in controller.watches if watch.kind is Pod}
    assert keys == (Key("default", ""),)
    assert released(controller.reconcile(keys[0], state, NOW)) == ["b"]


def test_a_pod_that_is_owned_keeps_the_finalizer_without_its_labels() -> None:
    """Until its Job has released it, and taken the finalizer along."""
    controller, nameless = JobController(), pod("a", "Running")
    nameless = evolve(nameless, metadata=evolve(nameless.metadata, labels={}))
    state = State(job(), nameless, controller=controller)
    assert released(controller.reconcile(Key("default", ""), state, NOW)) == []
    patches = [each.patch for each in controller.reconcile(KEY, state, NOW).actions if isinstance(each, Patch)]
    assert [each["metadata"].get("$deleteFromPrimitiveList/finalizers") for each in patches] == [[FINALIZER]]


def test_a_pod_that_is_adopted_is_counted() -> None:
    controller = JobController()
    stray = orphan("a", **LABELS)
    stray = evolve(stray, metadata=evolve(stray.metadata, finalizers=()))
    plan = controller.reconcile(KEY, State(job(), stray, controller=controller), NOW)
    (adoption,) = (each for each in plan.actions if isinstance(each, Patch))
    assert isinstance(adoption.patch, dict)
    assert adoption.patch["metadata"]["finalizers"] == [FINALIZER]


def test_an_ended_job_goes_when_its_time_has_come() -> None:
    ended = JobCondition(type="Complete", status="True", last_transition_time=NOW)
    done = job(JobStatus(conditions=(ended,)), ttl_seconds_after_finished=60)
    controller = TtlAfterFinishedController()
    assert controller.reconcile(KEY, State(done), NOW + timedelta(seconds=20)) == Plan(requeue_after=40)
    (gone,) = controller.reconcile(KEY, State(done), NOW + timedelta(seconds=60)).actions
    assert isinstance(gone, Delete)
    assert (gone.kind, gone.propagation, gone.uid) == (Job, "Foreground", "job-uid")
    assert controller.reconcile(KEY, State(job(ttl_seconds_after_finished=0)), NOW) == Plan()


@given(st.frozensets(st.integers(0, 40)))
def test_indexes_survive_being_written(chosen: frozenset[int]) -> None:
    assert indexes.parse(indexes.write(chosen), 41) == chosen


@pytest.mark.parametrize(
    ("chosen", "text"), [((), ""), ((3,), "3"), ((0, 1), "0,1"), ((0, 1, 2), "0-2"), ((0, 2, 4, 5, 6), "0,2,4-6")]
)
def test_neighbours_are_written_together(chosen: tuple[int, ...], text: str) -> None:
    assert indexes.write(chosen) == text


@given(st.lists(st.sampled_from(["Pending", "Running", "Succeeded", "Failed"]), max_size=6), st.integers(1, 4))
def test_there_are_never_more_active_pods_than_may_run(phases: list[str], parallelism: int) -> None:
    pods = [pod(str(place), phase) for place, phase in enumerate(phases)]
    plan = decide(job(parallelism=parallelism, completions=4, backoff_limit=99), pods, NOW + timedelta(days=1))
    active = sum(phase in ("Pending", "Running") for phase in phases)
    assert active - len(deleted(plan)) + len(made(plan)) <= parallelism


@pytest.mark.parametrize(("succeeded", "told"), [(1, ["Completed"]), (2, ["TooManySucceededPods", "Completed"])])
def test_more_successes_than_were_asked_for_are_told(succeeded: int, told: list[str]) -> None:
    work = job(JobStatus(succeeded=succeeded, start_time=NOW))
    plan = JobController().reconcile(KEY, State(work, controller=JobController()), NOW)
    assert [action.reason for action in plan.actions if isinstance(action, Emit)] == told
