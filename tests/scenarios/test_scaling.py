"""The number of pods follows what was asked for: up, down, and back up when one is taken away."""

from __future__ import annotations

import pytest

from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import replicated
from tests.support.wait import eventually

of_controllers_alone = pytest.mark.runtimes("process")
"""Of a story that every runtime would tell alike."""
pytestmark = pytest.mark.runtimes("docker", "process")  # one engine will do: controllers count pods
KINDS = ("ReplicationController", "ReplicaSet", "Deployment")


def idle(images: Images) -> dict[str, object]:
    return images.shell.container("idle", command=["sleep", "3600"])


def settle(kubectl: Kubectl, app: str, count: int) -> set[str]:
    """Waits until exactly ``count`` pods are there and run, and none is left of those that were to go; their names."""

    def settled() -> set[str]:
        pods = kubectl.json(f"get pods -l app={app}")["items"]
        assert len(pods) == count
        for pod in pods:
            assert pod["status"]["phase"] == "Running"
            assert "deletionTimestamp" not in pod["metadata"]
        return {pod["metadata"]["name"] for pod in pods}

    return eventually(settled, f"{count} pods of {app}", within=60)


def test_a_deployment_goes_from_one_to_five_to_two(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("Deployment", "crew", 1, idle(images)))
    first = settle(kubectl, "crew", 1)

    assert kubectl("scale deployment crew --replicas=5") == "deployment.apps/crew scaled\n"
    five = settle(kubectl, "crew", 5)
    assert first < five

    kubectl("scale deployment crew --replicas=2")
    assert settle(kubectl, "crew", 2) < five
    _, row = kubectl("get deployment crew").splitlines()
    assert row.split()[:4] == ["crew", "2/2", "2", "2"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_pod_that_is_deleted_is_replaced(kubectl: Kubectl, images: Images, kind: str) -> None:
    kubectl.apply(replicated(kind, "crew", 2, idle(images)))
    before = settle(kubectl, "crew", 2)
    gone = min(before)

    kubectl(f"delete pod {gone}")

    after = settle(kubectl, "crew", 2)
    assert len(after & before) == 1
    assert gone not in after


@of_controllers_alone
def test_a_replication_controller_scales_too(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("ReplicationController", "crew", 3, idle(images)))
    settle(kubectl, "crew", 3)
    kubectl("scale rc crew --replicas=1")
    settle(kubectl, "crew", 1)


@of_controllers_alone
def test_a_scale_with_a_wrong_precondition_changes_nothing(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("Deployment", "crew", 1, idle(images)))
    said = kubectl.reason_for("scale deployment crew --current-replicas=4 --replicas=5")
    assert "Expected replicas to be 4, was 1" in said
    assert kubectl("get deployment crew -o jsonpath={.spec.replicas}") == "1"


@of_controllers_alone
def test_a_pod_that_is_relabelled_is_let_go_and_replaced(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("ReplicaSet", "crew", 1, idle(images)))
    (deserter,) = settle(kubectl, "crew", 1)

    kubectl(f"label pod {deserter} app=pirate --overwrite")

    assert settle(kubectl, "crew", 1) != {deserter}
    assert "ownerReferences" not in kubectl.json(f"get pod {deserter}")["metadata"]


@of_controllers_alone
def test_a_stray_pod_that_fits_is_adopted_and_the_surplus_removed(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("ReplicaSet", "crew", 1, idle(images)))
    settle(kubectl, "crew", 1)
    stray = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stray", "labels": {"app": "crew"}}}
    stray["spec"] = {"terminationGracePeriodSeconds": 1, "containers": [idle(images)]}

    kubectl.apply(stray)

    assert settle(kubectl, "crew", 1) != {"stray"}, "the youngest goes first"


BUSY = "until [ -e /tmp/calm ]; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.1; done; sleep 3600"


@pytest.mark.needs("processes")
def test_an_autoscaler_follows_the_load_up_and_down(kubectl: Kubectl, images: Images) -> None:
    """The pods are busy until they are told to be calm; measured as `kubectl top` shows it."""
    rower = images.shell.container("rower", command=["sh", "-c", BUSY], resources={"requests": {"cpu": "10m"}})
    kubectl.apply(replicated("Deployment", "crew", 1, rower))
    kubectl.apply(autoscaler("crew", 3))

    crew = settle(kubectl, "crew", 3)
    assert "SuccessfulRescale" in kubectl("get events --field-selector involvedObject.kind=HorizontalPodAutoscaler")

    for pod in crew:
        kubectl(f"exec {pod} -- touch /tmp/calm")
    assert settle(kubectl, "crew", 1) < crew


def autoscaler(deployment: str, most: int) -> dict[str, object]:
    """As many pods as it takes to use what they ask for, and no waiting before there are fewer."""
    target = {"type": "Utilization", "averageUtilization": 100}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": deployment},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
            "maxReplicas": most,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        },
    }
