"""Phases and patches: what the API is told."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.core_v1.container import Container, ContainerPort
from sampan.core.model.core_v1.container_status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
)
from sampan.core.model.core_v1.node import Node, NodeStatus
from sampan.core.model.core_v1.pod import Pod, PodCondition, PodIP, PodStatus
from sampan.core.model.core_v1.pod_spec import PodOS, PodReadinessGate, PodSpec
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.meta import Quantity, evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.pod_requests import pod_requests
from sampan.core.node.decide.admission import admit
from sampan.core.node.decide.conditions import pod_conditions
from sampan.core.node.decide.pod_resources import allocated_resources, effective_resources
from sampan.core.node.decide.status import phase_of
from sampan.core.node.decide.status_patch import status_patch
from sampan.core.testing.clock import START


def status(word: str, *, crashed: bool = False) -> ContainerStatus:
    """``running``, ``waiting``, or an exit code."""
    if word == "running":
        state = ContainerState(running=ContainerStateRunning())
    elif word == "waiting":
        state = ContainerState(waiting=ContainerStateWaiting())
    else:
        state = ContainerState(terminated=ContainerStateTerminated(exit_code=int(word)))
    last = ContainerState(terminated=ContainerStateTerminated(exit_code=1)) if crashed else ContainerState()
    return ContainerStatus(name="main", state=state, last_state=last)


@pytest.mark.parametrize(
    ("policy", "words", "phase"),
    [
        ("Always", ["waiting"], "Pending"),
        ("Always", ["running"], "Running"),
        ("Always", ["running", "waiting"], "Pending"),
        ("Always", ["running", "0"], "Running"),
        ("Always", ["0"], "Running"),
        ("Always", ["1"], "Running"),
        ("OnFailure", ["0"], "Succeeded"),
        ("OnFailure", ["1"], "Running"),
        ("OnFailure", ["0", "1"], "Running"),
        ("Never", ["0"], "Succeeded"),
        ("Never", ["0", "1"], "Failed"),
        ("Never", ["1", "running"], "Running"),
    ],
)
def test_the_phase_follows_the_containers(policy: str, words: list[str], phase: str) -> None:
    pod = Pod(spec=PodSpec(restart_policy=policy))
    assert phase_of(pod, (), [status(word) for word in words]) == phase


def test_a_container_that_waits_after_a_crash_keeps_its_pod_running() -> None:
    assert phase_of(Pod(spec=PodSpec(restart_policy="Always")), (), [status("waiting", crashed=True)]) == "Running"


def test_a_pod_that_was_stopped_has_failed_unless_all_ended_well() -> None:
    pod = Pod(spec=PodSpec(restart_policy="Always"))
    assert phase_of(pod, (), [status("0")], over=True) == "Succeeded"
    assert phase_of(pod, (), [status("0"), status("143")], over=True) == "Failed"


def conditions(pod: Pod, *mains: ContainerStatus) -> dict[str, tuple[str, str | None, str | None]]:
    made = pod_conditions(pod, "Running", (), mains, True, START)
    return {each.type: (each.status, each.reason, each.message) for each in made}


def test_a_readiness_gate_needs_its_condition() -> None:
    gate = PodReadinessGate(condition_type="example.com/lit")
    ready = ContainerStatus(name="main", state=ContainerState(running=ContainerStateRunning()), ready=True)
    pod = Pod(spec=PodSpec(readiness_gates=(gate,)))
    message = 'corresponding condition of pod readiness gate "example.com/lit" does not exist.'
    assert conditions(pod, ready)["Ready"] == ("False", "ReadinessGatesNotReady", message)
    assert conditions(pod, ready)["ContainersReady"] == ("True", None, None)
    lit = PodStatus(conditions=(PodCondition(type="example.com/lit", status="True"),))
    assert conditions(Pod(spec=pod.spec, status=lit), ready)["Ready"][0] == "True"


def test_the_time_of_a_transition_stays_while_the_answer_does() -> None:
    old = PodCondition(type="ContainersReady", status="False", last_transition_time=START)
    pod = Pod(status=PodStatus(conditions=(old,)))
    later = START.replace(year=2031)
    made = {each.type: each for each in pod_conditions(pod, "Pending", (), (status("waiting"),), True, later)}
    assert made["ContainersReady"].last_transition_time == START
    assert made["Ready"].last_transition_time == later
    assert made["Ready"].message == "containers with unready status: [main]"


class TestPatch:
    def test_nothing_that_differs_is_no_patch(self) -> None:
        assert status_patch("u", PodStatus(phase="Running"), PodStatus(phase="Running")) is None

    def test_only_what_differs_is_sent(self) -> None:
        old, new = PodStatus(phase="Pending", host_ip="a"), PodStatus(phase="Running", host_ip="a", pod_ip="b")
        assert status_patch("u", old, new) == {
            "metadata": {"uid": "u"},
            "status": {"phase": "Running", "podIP": "b"},
        }

    def test_what_is_no_longer_so_is_taken_away(self) -> None:
        patch = status_patch("u", PodStatus(reason="Why", pod_ips=(PodIP(ip="a"),)), PodStatus())
        assert patch is not None
        assert patch["status"] == {"reason": None, "podIPs": [{"$patch": "replace"}]}

    def test_conditions_are_sent_by_type_and_keep_their_order(self) -> None:
        ready = PodCondition(type="Ready", status="False", reason="Why")
        other = PodCondition(type="Other", status="True")
        after = PodCondition(type="Ready", status="True")
        patch = status_patch("u", PodStatus(conditions=(other, ready)), PodStatus(conditions=(after, other)))
        assert patch is not None
        (sent,) = patch["status"]["conditions"]
        assert (sent["type"], sent["status"], sent["reason"]) == ("Ready", "True", None)
        assert patch["status"]["$setElementOrder/conditions"] == [{"type": "Ready"}, {"type": "Other"}]


class TestAdmission:
    def pod(self, cpu: str, *inits: Container, name: str = "web", **spec: Any) -> Pod:
        main = Container(name="main", resources=ResourceRequirements(requests={"cpu": Quantity(cpu)}))
        spec_made = PodSpec(containers=(main,), init_containers=inits, **spec)
        return Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=spec_made)

    def node(self) -> Any:
        allocatable = {"cpu": Quantity("2"), "pods": Quantity("3")}
        return Node(metadata=ObjectMeta(name="n", labels={"disk": "ssd"}), status=NodeStatus(allocatable=allocatable))

    def test_what_fits_is_let_in_and_what_does_not_is_refused_with_numbers(self) -> None:
        others = [self.pod("1500m")]
        assert admit(self.pod("500m"), others, self.node()) is None
        refused = admit(self.pod("501m"), others, self.node())
        assert refused is not None
        assert (refused.reason, refused.message) == (
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 501, used: 1500, capacity: 2000",
        )

    def test_there_is_room_for_so_many_pods(self) -> None:
        refused = admit(self.pod("0"), [self.pod("0")] * 3, self.node())
        assert refused is not None
        assert refused.reason == "OutOfpods"

    def test_a_node_selector_is_kept(self) -> None:
        assert admit(self.pod("0", node_selector={"disk": "ssd"}), [], self.node()) is None
        refused = admit(self.pod("0", node_selector={"disk": "hdd"}), [], self.node())
        assert refused is not None
        assert refused.reason == "NodeAffinity"

    def test_a_host_port_is_had_once(self) -> None:
        def serving(port: int, host_ip: str = "") -> Pod:
            ports = (ContainerPort(container_port=80, host_port=port, host_ip=host_ip or None),)
            pod = self.pod("0")
            return evolve(pod, spec=evolve(pod.spec, containers=(evolve(pod.spec.containers[0], ports=ports),)))

        taken = [serving(8080, "127.0.0.1")]
        assert admit(serving(8081), taken, self.node()) is None
        assert admit(serving(8080, "127.0.0.2"), taken, self.node()) is None
        ended = evolve(taken[0], status=evolve(taken[0].status, phase="Failed"))
        assert admit(serving(8080), [ended], self.node()) is None
        refused = admit(serving(8080), taken, self.node())
        assert refused is not None
        assert (refused.reason, refused.message) == (
            "NodePorts",
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
        )

    def test_an_init_container_counts_where_it_asks_for_more_and_sidecars_always(self) -> None:
        def init(cpu: str, restart: str | None = None) -> Container:
            wanted = ResourceRequirements(requests={"cpu": Quantity(cpu)})
            return Container(name=f"i{cpu}", resources=wanted, restart_policy=restart)

        assert pod_requests(self.pod("1", init("3")))["cpu"] == 3000
        assert pod_requests(self.pod("1", init("500m")))["cpu"] == 1000
        assert pod_requests(self.pod("1", init("1", "Always"), init("500m")))["cpu"] == 2000
        assert pod_requests(self.pod("1", init("1", "Always"), init("4")))["cpu"] == 5000


def test_amounts_that_are_no_longer_told_are_taken_back() -> None:
    old = PodStatus(
        allocated_resources={"cpu": Quantity("1"), "memory": Quantity("1Gi")},
        resources=ResourceRequirements(limits={"cpu": Quantity("2")}, requests={"cpu": Quantity("1")}),
    )
    new = PodStatus(
        allocated_resources={"cpu": Quantity("1")}, resources=ResourceRequirements(requests={"cpu": Quantity("1")})
    )
    patch = status_patch("u", old, new)
    assert patch is not None
    assert patch["status"] == {
        "allocatedResources": {"cpu": "1", "memory": None},
        "resources": {"limits": None, "requests": {"cpu": "1"}},
    }


def container(name: str, requests: dict[str, str], limits: dict[str, str] | None = None) -> Container:
    return Container(name=name, resources=_resources(requests, limits or {}))


def _resources(requests: dict[str, str], limits: dict[str, str]) -> ResourceRequirements:
    return ResourceRequirements(
        requests={name: Quantity(amount) for name, amount in requests.items()},
        limits={name: Quantity(amount) for name, amount in limits.items()},
    )


BOUNDED = container("a", {"cpu": "250m", "memory": "64Mi"}, {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1G"})
UNBOUNDED = container("b", {"cpu": "250m"})


def test_a_pod_without_any_amounts_has_none_as_a_whole() -> None:
    pod = Pod(spec=PodSpec(containers=(container("a", {}),)))
    assert allocated_resources(pod) == {}
    assert effective_resources(pod, running=True) == ResourceRequirements()


def test_what_a_pod_has_as_a_whole_is_what_its_containers_have_together() -> None:
    pod = Pod(spec=PodSpec(containers=(BOUNDED, evolve(BOUNDED, name="b"))))
    assert allocated_resources(pod) == {"cpu": "500m", "memory": "128Mi"}
    limits = {"cpu": "2", "memory": "2Gi"}
    waiting = effective_resources(pod, running=False)
    assert (waiting.requests, waiting.limits) == (allocated_resources(pod), {**limits, "ephemeral-storage": "2G"})
    assert effective_resources(pod, running=True).limits == limits


def test_a_pod_that_runs_is_bounded_only_where_all_of_it_is() -> None:
    pod = Pod(spec=PodSpec(containers=(BOUNDED, UNBOUNDED)))
    assert effective_resources(pod, running=False).limits["cpu"] == "1"
    assert effective_resources(pod, running=True).limits == {}
    whole = evolve(pod, spec=evolve(pod.spec, resources=_resources({"cpu": "1"}, {"cpu": "3"})))
    found = effective_resources(whole, running=True)
    assert (found.requests, found.limits) == ({"cpu": "1", "memory": "64Mi"}, {"cpu": "3"})
    assert allocated_resources(whole) == {"cpu": "1", "memory": "64Mi"}


@pytest.mark.parametrize(
    ("selector", "system", "reason"),
    [
        ({"kubernetes.io/os": "windows"}, "windows", "PodOSSelectorNodeLabelDoesNotMatch"),
        ({}, "windows", "PodOSNotSupported"),
        ({"kubernetes.io/os": "linux"}, "linux", None),
    ],
)
def test_a_pod_for_another_system_is_refused(selector: dict[str, str], system: str, reason: str | None) -> None:
    labels = {"kubernetes.io/os": "linux"}
    here = Node(metadata=ObjectMeta(name="n1", labels=labels), status=NodeStatus(allocatable={"pods": Quantity("10")}))
    wanted = Pod(spec=PodSpec(containers=(Container(name="main"),), node_selector=selector, os=PodOS(name=system)))
    refused = admit(wanted, (), here)
    assert (refused.reason if refused else None) == reason
