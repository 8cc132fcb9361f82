"""Taking things away: pods get their time to end, what depends on an owner follows it, a namespace takes all it has."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.containers import container_id, is_running
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod, replicated
from tests.support.wait import eventually


def diary(images: Images, folder: Path, script: str, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A container that writes into a folder of the host, and that folder as a volume."""
    folder.chmod(0o777)
    mount = {"name": "diary", "mountPath": "/diary"}
    container = images.shell.container("writer", command=["sh", "-c", script], volumeMounts=[mount], **more)
    return container, {"name": "diary", "hostPath": {"path": str(folder)}}


@pytest.mark.needs("mounts")
def test_an_ending_pod_is_told_twice_and_has_its_time(kubectl: Kubectl, images: Images, tmp_path: Path) -> None:
    script = "trap 'echo TERM >> /diary/page; sleep 0.5; echo done >> /diary/page; exit 0' TERM; sleep 3600 & wait"
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "echo preStop >> /diary/page"]}}}
    container, volume = diary(images, tmp_path, script, lifecycle=hook)
    kubectl.apply(pod("writer", container, volumes=[volume], terminationGracePeriodSeconds=20))
    kubectl("wait --for=condition=Ready pod/writer --timeout=30s")

    started = time.monotonic()
    kubectl("delete pod writer")
    took = time.monotonic() - started

    assert (tmp_path / "page").read_text().split() == ["preStop", "TERM", "done"]
    assert took < 15, "it was not made to wait for the whole grace period"
    assert kubectl.run("get pod writer").code == 1


@pytest.mark.needs("processes")
def test_who_does_not_listen_is_killed_when_the_time_is_up(kubectl: Kubectl, cluster: Cluster, images: Images) -> None:
    stubborn = images.shell.container("deaf", command=["sh", "-c", "trap '' TERM; while true; do sleep 0.2; done"])
    kubectl.apply(pod("deaf", stubborn, terminationGracePeriodSeconds=2))
    kubectl("wait --for=condition=Ready pod/deaf --timeout=30s")
    container = container_id(kubectl, "deaf")

    started = time.monotonic()
    kubectl("delete pod deaf --wait=false")
    assert kubectl("get pod deaf").splitlines()[1].split()[2] == "Terminating"
    kubectl("wait --for=delete pod/deaf --timeout=30s")

    assert 1.5 <= time.monotonic() - started <= 10
    assert not is_running(cluster, container)


@pytest.mark.needs("mounts")
def test_sidecars_share_the_grace_with_those_they_serve(kubectl: Kubectl, images: Images, tmp_path: Path) -> None:
    slow = "trap 'sleep 1; echo main >> /diary/page; exit 0' TERM; sleep 3600 & wait"
    container, volume = diary(images, tmp_path, slow)
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "echo preStop >> /diary/page"]}}}
    deaf = "trap '' TERM; while true; do sleep 0.2; done"
    sidecar, _ = diary(images, tmp_path, deaf, lifecycle=hook, restartPolicy="Always")
    sidecar["name"] = "proxy"
    kubectl.apply(pod("served", container, initContainers=[sidecar], volumes=[volume], terminationGracePeriodSeconds=4))
    kubectl("wait --for=condition=Ready pod/served --timeout=30s")

    started = time.monotonic()
    kubectl("delete pod served")
    took = time.monotonic() - started

    assert (tmp_path / "page").read_text().split() == ["preStop", "main"]
    assert took < 5 + 3, "the sidecar had no grace period of its own"


@pytest.mark.needs("processes")
def test_a_deletion_goes_past_a_hook_that_hangs(kubectl: Kubectl, images: Images) -> None:
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "sleep 3600"]}}}
    kubectl.apply(pod("hangs", images.shell.container("main", command=["sleep", "3600"], lifecycle=hook)))
    kubectl("wait --for=jsonpath={.status.containerStatuses[0].containerID} pod/hangs --timeout=30s")
    state = "get pod hangs -o jsonpath={.status.containerStatuses[0].state.waiting.reason}"
    assert kubectl(state) == "ContainerCreating", "it is made, and its hook goes on"

    kubectl("delete pod hangs --timeout=20s")

    assert kubectl.run("get pod hangs").code == 1


@pytest.mark.needs("processes")
def test_deletion_by_force_does_not_wait(kubectl: Kubectl, cluster: Cluster, images: Images) -> None:
    stubborn = images.shell.container("deaf", command=["sh", "-c", "trap '' TERM; while true; do sleep 0.2; done"])
    kubectl.apply(pod("deaf", stubborn, terminationGracePeriodSeconds=600))
    kubectl("wait --for=condition=Ready pod/deaf --timeout=30s")
    container = container_id(kubectl, "deaf")

    kubectl("delete pod deaf --grace-period=0 --force")

    assert kubectl.run("get pod deaf").code == 1
    eventually(lambda: not is_running(cluster, container), "the container has ended too")


def idle(images: Images) -> dict[str, Any]:
    return images.shell.container("idle", command=["sleep", "3600"])


def names(kubectl: Kubectl, kind: str) -> list[str]:
    return kubectl(f"get {kind} -l app=crew -o name").split()


def test_what_belongs_to_a_deployment_goes_with_it(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("Deployment", "crew", 2, idle(images)))
    kubectl("rollout status deployment/crew --timeout=60s")

    kubectl("delete deployment crew")

    eventually(lambda: names(kubectl, "replicasets") + names(kubectl, "pods") == [], "all has gone")


@pytest.mark.runtimes("process")  # by the garbage collector alone
def test_a_foreground_deletion_ends_the_owner_last(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("Deployment", "crew", 1, idle(images)))
    kubectl("rollout status deployment/crew --timeout=60s")
    kubectl("delete deployment crew --cascade=foreground")
    assert names(kubectl, "replicasets") + names(kubectl, "pods") == []


@pytest.mark.runtimes("process")  # by the garbage collector alone
def test_orphans_live_on_and_are_adopted_again(kubectl: Kubectl, images: Images) -> None:
    manifest = replicated("ReplicaSet", "crew", 2, idle(images))
    kubectl.apply(manifest)
    eventually(lambda: len(names(kubectl, "pods")) == 2, "two pods")
    before = names(kubectl, "pods")

    kubectl("delete replicaset crew --cascade=orphan")
    assert names(kubectl, "pods") == before
    owners = "get pods -o jsonpath={.items[*].metadata.ownerReferences[*].name}"
    eventually(lambda: kubectl(owners) == "", "they belong to nobody")

    kubectl.apply(manifest)
    eventually(lambda: kubectl(owners) == "crew crew", "they belong to the new one")
    assert names(kubectl, "pods") == before


def test_a_namespace_takes_everything_with_it(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("Deployment", "crew", 2, idle(images)))
    kubectl("create configmap chart")
    kubectl("rollout status deployment/crew --timeout=60s")

    kubectl(f"delete namespace {kubectl.namespace} --timeout=60s")

    assert kubectl.run(f"get namespace {kubectl.namespace}").code == 1
    everywhere = kubectl(f"get pods,configmaps,deployments --field-selector=metadata.namespace={kubectl.namespace} -A")
    assert everywhere.strip() == ""


def test_the_default_namespace_cannot_be_deleted(kubectl: Kubectl) -> None:
    assert "Forbidden" in kubectl.reason_for("delete namespace default")
