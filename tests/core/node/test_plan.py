"""Decisions about one pod, as tables: views in, actions out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import attrs
import pytest

from sampan.core.contracts.runtime import Container, Sandbox
from sampan.core.contracts.runtime_config import LABEL_CONTAINER
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.container import EphemeralContainer
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.resources import ContainerResizePolicy, ResourceRequirements
from sampan.core.model.meta import Quantity
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.decide.actions import (
    CreateSandbox,
    DeletePod,
    KillContainer,
    PreStop,
    PublishVolumes,
    RemoveContainer,
    RemoveSandbox,
    ResizeContainer,
    Say,
    StartContainer,
    StopSandbox,
    UnpublishVolumes,
)
from sampan.core.node.decide.memory import AttemptMemory, ContainerMemory, Problem, Pull, StartFailure
from sampan.core.node.decide.plan import plan_pod
from sampan.core.node.decide.view import PodView, Rejection

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SIDECAR = ContainerSpec(name="proxy", image="x", restart_policy="Always")
MAIN = ContainerSpec(name="main", image="x")


def sandbox(attempt: int = 0, state: Any = "running") -> Sandbox:
    return Sandbox(
        id=f"s{attempt}", name="web", namespace="default", uid="u", attempt=attempt, state=state, created_at=NOW,
        ips=("10.0.0.1",),
    )  # fmt: skip


def container(name: str = "main", state: Any = "running", attempt: int = 0, home: int = 0, **more: Any) -> Container:
    if state == "exited":
        more = {"exit_code": 0, "finished_at": NOW, **more}
    return Container(
        id=f"{name}{attempt}", sandbox_id=f"s{home}", name=name, attempt=attempt, state=state, image="x", image_id="i",
        created_at=NOW + timedelta(seconds=attempt), labels={LABEL_CONTAINER: name}, **more,
    )  # fmt: skip


def view(
    *containers: Container, sandboxes: Sequence[Sandbox] = (), deleted: bool = False, grace: int = 30, **more: Any
) -> PodView:
    spec = {"containers": (MAIN,), "restart_policy": "Always", **more.pop("spec", {})}
    meta: dict[str, Any] = {"name": "web", "namespace": "default", "uid": "u"}
    if deleted:
        meta |= {"deletion_timestamp": NOW, "deletion_grace_period_seconds": grace}
    pod = Pod(metadata=ObjectMeta(**meta), spec=PodSpec(**spec), status=more.pop("status", PodStatus()))
    values = {"volumes_ready": True, "first_seen": NOW, **more}
    return PodView(pod=pod, sandboxes=tuple(sandboxes), containers=containers, **values)


def actions(given: PodView, now: datetime = NOW) -> list[Any]:
    return list(plan_pod(given, now).actions)


def test_a_new_pod_is_made_in_one_plan() -> None:
    given = view(volumes_ready=False)
    assert actions(given) == [PublishVolumes(), CreateSandbox(0), StartContainer("main", 0)]


def test_a_pod_that_runs_needs_nothing() -> None:
    plan = plan_pod(view(container(), sandboxes=[sandbox()]), NOW)
    assert (plan.actions, plan.requeue_after) == ((), None)


def test_an_adopted_pods_volumes_are_published_again_before_anything_else() -> None:
    given = view(container(), sandboxes=[sandbox()], volumes_ready=False)
    assert actions(given) == [PublishVolumes()]


def test_volumes_that_failed_are_waited_for() -> None:
    plan = plan_pod(view(volumes_ready=False, volumes_retry_at=NOW + timedelta(seconds=7)), NOW)
    assert (plan.actions, plan.requeue_after) == ((), 7)


def test_a_container_whose_image_is_being_pulled_is_not_started_again() -> None:
    assert actions(view(sandboxes=[sandbox()], memories={"main": ContainerMemory(pull=Pull(image="x"))})) == []


def test_a_failed_pull_shows_its_error_first_and_then_that_it_is_waited_out() -> None:
    pull = Pull(image="x", problem=Problem("ErrImagePull", "no route"), retry_at=NOW + timedelta(seconds=10))
    first = plan_pod(view(sandboxes=[sandbox()], memories={"main": ContainerMemory(pull=pull)}), NOW)
    assert (first.waiting["main"].reason, first.requeue_after) == ("ErrImagePull", 5)
    told = ContainerMemory(pull=pull, waiting=first.waiting["main"])
    then = plan_pod(view(sandboxes=[sandbox()], memories={"main": told}), NOW)
    assert then.waiting["main"] == Problem("ImagePullBackOff", 'Back-off pulling image "x": ErrImagePull: no route')
    assert then.requeue_after == 10


def test_a_dead_sandbox_is_replaced_and_its_logs_are_kept() -> None:
    dead = view(
        container(state="exited", attempt=1, home=1), sandboxes=[sandbox(0, "exited"), sandbox(1, "exited")]
    )  # fmt: skip
    kinds = [each for each in actions(dead) if not isinstance(each, Say)]
    assert kinds == [StopSandbox("s1"), RemoveSandbox("s0"), CreateSandbox(2), StartContainer("main", 2, restart=True)]


def test_in_a_new_sandbox_what_is_done_does_not_run_again() -> None:
    two = {"containers": (MAIN, ContainerSpec(name="side", image="x"))}
    ends = (container(state="exited"), container("side", "exited", exit_code=137))
    lost = [sandbox(0, "exited")]
    for policy, started in (("OnFailure", ["side"]), ("Always", ["main", "side"])):
        given = view(*ends, sandboxes=lost, spec={**two, "restart_policy": policy})
        assert [each.name for each in actions(given) if isinstance(each, StartContainer)] == started


def test_a_sandbox_that_tells_of_a_container_that_is_done_is_kept() -> None:
    spec = {"containers": (MAIN, ContainerSpec(name="side", image="x")), "restart_policy": "OnFailure"}
    sides = [container("side", "exited", exit_code=137, attempt=number, home=number) for number in range(3)]
    dead = [sandbox(number, "exited") for number in range(3)]
    given = view(container(state="exited"), *sides, sandboxes=dead, spec=spec)
    removed = [each.sandbox_id for each in actions(given) if isinstance(each, RemoveSandbox)]
    assert removed == ["s1"], "s0 has the end of the main container"


def test_containers_that_outlived_their_sandbox_are_ended_before_it_is_made_anew() -> None:
    (kill,) = actions(view(container(), sandboxes=[sandbox(0, "exited")]))
    assert isinstance(kill, KillContainer)
    assert kill.grace == 0


def test_a_container_that_was_made_but_never_started_is_made_again() -> None:
    given = view(container(state="created", attempt=2), sandboxes=[sandbox()])
    assert actions(given) == [RemoveContainer("main2"), StartContainer("main", 2)]


def test_one_that_has_been_told_to_start_is_waited_for() -> None:
    assert (
        actions(view(container(state="created"), sandboxes=[sandbox()], known={"main0": AttemptMemory(asked=True)}))
        == []
    )


def test_a_start_that_failed_counts_as_an_end() -> None:
    failed = {"main0": AttemptMemory(asked=True, start_failure=StartFailure(NOW, "no such program"))}
    given = view(container(state="created"), sandboxes=[sandbox()], known=failed)
    assert actions(given) == [StartContainer("main", 1, restart=True)]
    (status,) = plan_pod(given, NOW).status.container_statuses
    assert status.state.terminated is not None
    assert (status.state.terminated.exit_code, status.state.terminated.reason) == (128, "StartError")


@pytest.mark.parametrize(("policy", "state"), [("Never", "terminated"), ("OnFailure", "waiting")])
def test_one_that_cannot_be_started_and_never_will_be_has_ended(policy: str, state: str) -> None:
    failed = {"main0": AttemptMemory(asked=True, start_failure=StartFailure(NOW, "no such program"))}
    problem = {"main": ContainerMemory(problem=Problem("RunContainerError", "no such program"))}
    given = view(
        container(state="created"), sandboxes=[sandbox()], known=failed, memories=problem,
        spec={"restart_policy": policy},
    )  # fmt: skip
    (status,) = plan_pod(given, NOW).status.container_statuses
    assert getattr(status.state, state) is not None
    told = status.state.terminated or status.last_state.terminated
    assert told is not None
    assert (told.reason, told.exit_code) == ("StartError", 128)


def test_a_name_that_is_none_stays_to_be_seen() -> None:
    problem = Problem("InvalidImageName", "couldn't parse image name")
    pull = Pull(image="X:", problem=problem, retry_at=NOW + timedelta(seconds=10))
    for before in (None, problem):
        memory = ContainerMemory(pull=pull, waiting=before)
        plan = plan_pod(view(sandboxes=[sandbox()], memories={"main": memory}), NOW)
        assert plan.waiting == {"main": problem}
        assert plan.actions == ()


def test_who_debugs_a_pod_does_not_wait_for_its_init_containers() -> None:
    spec = {
        "init_containers": (ContainerSpec(name="i", image="x"),),
        "ephemeral_containers": (EphemeralContainer(name="debug", image="x"),),
    }
    assert actions(view(container("i"), sandboxes=[sandbox()], spec=spec)) == [StartContainer("debug", 0)]


@pytest.mark.parametrize(
    ("policy", "action"),
    [("NotRequired", ResizeContainer), ("RestartContainer", KillContainer)],
)
def test_what_a_container_may_use_changes_while_it_runs(policy: str, action: type) -> None:
    had = ResourceRequirements(limits={"cpu": Quantity("1"), "memory": Quantity("1024Mi")})
    wants = ResourceRequirements(limits={"cpu": Quantity("1000m"), "memory": Quantity("2Gi")})
    policies = (ContainerResizePolicy(resource_name="memory", restart_policy=policy),)
    spec = {"containers": (ContainerSpec(name="main", image="x", resources=wants, resize_policy=policies),)}
    known = AttemptMemory(asked=True, resources=had)
    given = view(container(), sandboxes=[sandbox()], spec=spec, known={"main0": known})
    plan = plan_pod(given, NOW)
    assert [type(each) for each in plan.actions] == [action]
    assert plan.status.container_statuses[0].resources == had
    later = {"main0": attrs.evolve(known, resize_retry_at=NOW + timedelta(seconds=9))}
    refused = plan_pod(attrs.evolve(given, known=later), NOW)
    assert policy == "RestartContainer" or (refused.actions, refused.requeue_after) == ((), 9)
    done = {"main0": attrs.evolve(known, resources=wants)}
    assert actions(attrs.evolve(given, known=done)) == []


def test_an_evicted_pod_has_a_second_to_end() -> None:
    given = view(container(), sandboxes=[sandbox()], rejection=Rejection("Evicted", "too much", grace=1))
    (kill,) = actions(given)
    assert kill.grace == 1


def test_of_the_end_by_a_signal_the_exit_code_tells_as_the_kubelet_does() -> None:
    given = view(container(state="exited", exit_code=137), sandboxes=[sandbox()])
    ended = plan_pod(given, NOW).status.container_statuses[0].state.terminated
    assert ended is not None
    assert (ended.exit_code, ended.signal) == (137, 0)


def test_of_many_dead_attempts_the_last_two_are_kept() -> None:
    dead = [container(state="exited", attempt=number) for number in range(3)]
    given = view(*dead, container(attempt=3), sandboxes=[sandbox()])
    assert actions(given) == [RemoveContainer("main1"), RemoveContainer("main0")]


def test_restarts_go_on_counting_where_the_engine_has_lost_the_containers() -> None:
    told = plan_pod(view(container(attempt=4), sandboxes=[sandbox()], runtime="docker"), NOW).status
    plan = plan_pod(view(status=told), NOW)
    assert StartContainer("main", 5) in plan.actions
    (status,) = plan.status.container_statuses
    assert status.restart_count == 5
    assert status.last_state.terminated is not None
    assert status.last_state.terminated.reason == "ContainerStatusUnknown"


class TestPostStart:
    """A container whose hook goes on is being created still, as far as anybody can see."""

    two: ClassVar[Any] = {"containers": (MAIN, ContainerSpec(name="side", image="x"))}
    asked: ClassVar[Any] = {"main0": AttemptMemory(asked=True)}
    goes_on: ClassVar[Any] = {"main0": AttemptMemory(asked=True, post_start="runs")}
    failed: ClassVar[Any] = {"main0": AttemptMemory(asked=True, post_start="failed")}

    def test_those_after_it_wait(self) -> None:
        given: Any = {"sandboxes": [sandbox()], "spec": self.two}
        plan = plan_pod(view(container(), known=self.goes_on, **given), NOW)
        assert plan.actions == ()
        assert plan.status.phase == "Pending"
        main = plan.status.container_statuses[0]
        assert main.state.waiting is not None
        assert (main.state.waiting.reason, main.ready, main.started) == ("ContainerCreating", False, False)
        assert actions(view(container(), known=self.asked, **given)) == [StartContainer("side", 0)]

    def test_a_deletion_goes_past_it(self) -> None:
        (kill,) = actions(view(container(), sandboxes=[sandbox()], known=self.goes_on, deleted=True))
        assert (kill.container.id, kill.grace) == ("main0", 30)

    def test_one_that_fails_ends_its_container_with_the_pods_own_grace(self) -> None:
        spec = {"termination_grace_period_seconds": 0}
        (kill,) = actions(view(container(), sandboxes=[sandbox()], known=self.failed, spec=spec))
        assert (kill.container.id, kill.message, kill.grace) == ("main0", "FailedPostStartHook", 0)


class TestDeletion:
    def test_what_runs_is_told_to_stop_with_the_grace_that_was_granted(self) -> None:
        (kill,) = actions(view(container(), sandboxes=[sandbox()], deleted=True, grace=5))
        assert (kill.container.id, kill.grace, kill.hook) == ("main0", 5, True)

    def test_what_is_stopping_is_left_to_its_grace(self) -> None:
        stopping = {"main0": AttemptMemory(stops_by=NOW + timedelta(seconds=20))}
        assert actions(view(container(), sandboxes=[sandbox()], deleted=True, known=stopping)) == []

    def test_a_second_deletion_shortens_the_grace(self) -> None:
        stopping = {"main0": AttemptMemory(stops_by=NOW + timedelta(seconds=20))}
        (kill,) = actions(view(container(), sandboxes=[sandbox()], deleted=True, grace=1, known=stopping))
        assert kill.grace == 1

    def test_sidecars_end_after_the_others_but_their_hooks_run_at_once(self) -> None:
        sidecar, main = container("proxy"), container()
        both: Any = {"sandboxes": [sandbox()], "deleted": True, "spec": {"init_containers": (SIDECAR,)}}
        kill, hook = actions(view(sidecar, main, **both))
        assert kill == KillContainer(main, "Stopping container main", 30)
        assert hook == PreStop(sidecar, "Stopping container proxy", 30)
        late = NOW + timedelta(seconds=30)
        begun = {"proxy0": AttemptMemory(pre_stop_by=late), "main0": AttemptMemory(stops_by=late)}
        assert actions(view(sidecar, main, **both, known=begun, ending_since=NOW)) == []

    @pytest.mark.parametrize(("elapsed", "left"), [(0, 30), (12, 18), (29, 2), (60, 2)])
    def test_a_sidecar_gets_what_the_others_have_left_of_the_grace(self, elapsed: int, left: int) -> None:
        spec = {"init_containers": (SIDECAR,)}
        now = NOW + timedelta(seconds=elapsed)
        given: Any = {"sandboxes": [sandbox()], "deleted": True, "spec": spec, "ending_since": NOW}
        begun = {"proxy0": AttemptMemory(pre_stop_by=NOW)}
        (kill,) = actions(view(container("proxy"), container(state="exited"), **given, known=begun), now)
        assert (kill.container.name, kill.grace, kill.hook) == ("proxy", left, False)
        (kill,) = actions(view(container("proxy"), container(state="exited"), **given), now)
        assert (kill.grace, kill.hook) == (left, True), "its hook has not been begun before"

    def test_a_sidecars_turn_comes_when_its_hook_is_done(self) -> None:
        spec = {"init_containers": (SIDECAR,)}
        given: Any = {"sandboxes": [sandbox()], "deleted": True, "spec": spec, "ending_since": NOW}
        ends: Any = {"known": {"proxy0": AttemptMemory(pre_stop_by=NOW + timedelta(seconds=30))}}
        left = (container("proxy"), container(state="exited"))
        assert actions(view(*left, **given, **ends), NOW + timedelta(seconds=5)) == []
        (kill,) = actions(view(*left, **given, **ends, grace=10), NOW + timedelta(seconds=5))
        assert kill.grace == 5, "a second deletion leaves it less time"

    def test_without_grace_all_end_at_once(self) -> None:
        spec = {"init_containers": (SIDECAR,)}
        given = view(container("proxy"), container(), sandboxes=[sandbox()], deleted=True, grace=0, spec=spec)
        assert [(type(each), each.grace) for each in actions(given)] == [(KillContainer, 0), (KillContainer, 0)]

    def test_a_pod_that_is_over_ends_its_sidecars_and_those_who_look_at_it(self) -> None:
        spec = {
            "init_containers": (SIDECAR,), "restart_policy": "Never",
            "ephemeral_containers": (EphemeralContainer(name="debug", image="x"),),
        }  # fmt: skip
        given = (container("proxy"), container(state="exited"), container("debug"))
        plan = plan_pod(view(*given, sandboxes=[sandbox()], spec=spec), NOW)
        stopped = [each.container.name for each in plan.actions if isinstance(each, KillContainer | PreStop)]
        assert (stopped, plan.ends) == (["debug", "proxy"], True)

    def test_when_nothing_runs_all_is_given_back_and_the_pod_goes(self) -> None:
        given = view(container(state="exited"), sandboxes=[sandbox()], deleted=True)
        assert actions(given) == [StopSandbox("s0"), UnpublishVolumes(), DeletePod(), RemoveSandbox("s0")]

    def test_a_pod_that_never_began_just_goes(self) -> None:
        assert actions(view(deleted=True, volumes_ready=False)) == [UnpublishVolumes(), DeletePod()]


class TestInitContainers:
    spec: ClassVar[Any] = {"init_containers": (ContainerSpec(name="a", image="x"), ContainerSpec(name="b", image="x"))}

    @pytest.mark.parametrize(
        ("containers", "expected"),
        [
            ((), [StartContainer("a", 0)]),
            ((container("a"),), []),
            ((container("a", "exited"),), [StartContainer("b", 0)]),
            ((container("a", "exited", exit_code=1),), [StartContainer("a", 1, restart=True)]),
            ((container("a", "exited"), container("b", "exited")), [StartContainer("main", 0)]),
            ((container("a", "exited"), container("b", "exited"), container()), []),
        ],
    )
    def test_one_after_another(self, containers: tuple[Container, ...], expected: list[Any]) -> None:
        assert actions(view(*containers, sandboxes=[sandbox()], spec=self.spec)) == expected

    def test_a_new_sandbox_begins_from_the_first(self) -> None:
        dead = [container(name, "exited") for name in ("a", "b", "main")]
        given = view(*dead, sandboxes=[sandbox(0, "exited")], spec=self.spec)
        assert actions(given)[-1] == StartContainer("a", 1, restart=True)


def test_a_pod_that_is_over_gives_back_its_address_once() -> None:
    spec = {"restart_policy": "Never"}
    assert actions(view(container(state="exited"), sandboxes=[sandbox()], spec=spec)) == [
        StopSandbox("s0"),
        UnpublishVolumes(),
    ]
    ended: Any = {"sandboxes": [sandbox(0, "exited")], "spec": spec, "volumes_ready": False}
    assert actions(view(container(state="exited"), **ended, released=True)) == []
    assert actions(view(container(state="exited"), **ended)) == [UnpublishVolumes()], (
        "an agent before may have left them"
    )


def test_a_finished_pod_is_never_started_again() -> None:
    given = view(status=PodStatus(phase="Succeeded"), volumes_ready=False, released=True)
    assert actions(given) == []
    assert plan_pod(given, NOW).status.phase == "Succeeded"


def test_the_deadline_is_looked_at_when_it_comes() -> None:
    given = view(container(), sandboxes=[sandbox()], spec={"active_deadline_seconds": 90})
    assert plan_pod(given, NOW).requeue_after == 90
    late = plan_pod(given, NOW + timedelta(seconds=90))
    assert [type(each) for each in late.actions] == [KillContainer]
    assert (late.status.phase, late.status.reason) == ("Failed", "DeadlineExceeded")
