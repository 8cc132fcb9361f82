"""Where a pod may go: resources, node labels and taints; and what is said to who waits for a place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod
from tests.support.wait import eventually

pytestmark = pytest.mark.runtimes("process")  # who places pods knows of no runtime


@pytest.fixture
def node(kubectl: Kubectl) -> Iterator[str]:
    """The only node; a story's label and taint are taken off again."""
    name = kubectl("get nodes -o jsonpath={.items[0].metadata.name}")
    yield name
    kubectl(f"label node {name} harbour-")
    if kubectl("get nodes -o jsonpath={.items[0].spec.taints}"):
        kubectl(f"taint node {name} storm-")


def why_it_waits(kubectl: Kubectl, pod_name: str) -> str:
    """The scheduler's own words, once it has said them."""
    selector = f"reason=FailedScheduling,involvedObject.name={pod_name}"
    words = "get events -o jsonpath={.items[-1:].message}"
    return eventually(lambda: kubectl(words, f"--field-selector={selector}"), "the scheduler says why")


def sleeper(images: Images) -> dict[str, object]:
    return images.shell.container("sleeper", command=["sleep", "3600"])


@pytest.mark.parametrize(("resource", "amount"), [("cpu", "1000"), ("memory", "100Ti")])
def test_a_pod_too_big_for_the_node_waits(kubectl: Kubectl, images: Images, resource: str, amount: str) -> None:
    kubectl.apply(pod("whale", sleeper(images) | {"resources": {"requests": {resource: amount}}}))

    said = why_it_waits(kubectl, "whale")
    assert said.startswith(f"0/1 nodes are available: 1 Insufficient {resource}.")
    _, row = kubectl("get pod whale").splitlines()
    assert row.split()[:3] == ["whale", "0/1", "Pending"]
    condition = kubectl.json("get pod whale")["status"]["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")
    assert said in condition["message"]


def test_a_pod_that_names_a_label_waits_for_a_node_that_has_it(kubectl: Kubectl, images: Images, node: str) -> None:
    kubectl.apply(pod("picky", sleeper(images), nodeSelector={"harbour": "deep"}))
    assert "1 node(s) didn't match Pod's node affinity/selector" in why_it_waits(kubectl, "picky")

    kubectl(f"label node {node} harbour=deep")

    kubectl("wait --for=condition=Ready pod/picky --timeout=30s")
    assert kubectl("get pod picky -o jsonpath={.spec.nodeName}") == node


def test_a_taint_keeps_away_who_does_not_tolerate_it(kubectl: Kubectl, images: Images, node: str) -> None:
    kubectl(f"taint node {node} storm=heavy:NoSchedule")
    kubectl.apply(pod("timid", sleeper(images)))
    toleration = {"key": "storm", "operator": "Equal", "value": "heavy", "effect": "NoSchedule"}
    kubectl.apply(pod("brave", sleeper(images), tolerations=[toleration]))

    assert "1 node(s) had untolerated taint(s)" in why_it_waits(kubectl, "timid")
    kubectl("wait --for=condition=Ready pod/brave --timeout=30s")

    kubectl(f"taint node {node} storm-")
    kubectl("wait --for=condition=Ready pod/timid --timeout=30s")


def test_a_cordoned_node_takes_nobody(kubectl: Kubectl, images: Images, node: str) -> None:
    kubectl(f"cordon {node}")
    try:
        kubectl.apply(pod("late", sleeper(images)))
        assert "1 node(s) were unschedulable" in why_it_waits(kubectl, "late")
        assert "SchedulingDisabled" in kubectl("get nodes")
    finally:
        kubectl(f"uncordon {node}")
    kubectl("wait --for=condition=Ready pod/late --timeout=30s")


def test_requests_add_up_and_are_never_exceeded(kubectl: Kubectl, images: Images, node: str) -> None:
    """Two pods that each want most of the node: one runs, the other waits until the first has gone."""
    capacity = int(kubectl(f"get node {node} -o jsonpath={{.status.allocatable.cpu}}").removesuffix("m"))
    share = f"{max(1, capacity * 2 // 3)}"
    if capacity < 1000:
        share = f"{capacity * 600}m"
    wants = {"resources": {"requests": {"cpu": share}}}
    kubectl.apply(pod("first", sleeper(images) | wants))
    kubectl("wait --for=condition=Ready pod/first --timeout=30s")

    kubectl.apply(pod("second", sleeper(images) | wants))
    assert "Insufficient cpu" in why_it_waits(kubectl, "second")

    kubectl("delete pod first --wait=false")
    kubectl("wait --for=condition=Ready pod/second --timeout=30s")
