"""Why a pod is not what it should be, in plain words: of a real scheduler, and of statuses as kubelets write them."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.cli.main import run
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.testing.live_cluster import LiveCluster
from tests.cli.api_server import Server, Shell

PATH = "/api/v1/namespaces/default/pods/web"


def pod(status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "default", "uid": "u"}
    return {"metadata": metadata, "spec": {"nodeName": "n1", "containers": [], **spec}, "status": status}


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": "Pending", "containerStatuses": [{"name": "c", "image": "nginx:9", "state": state, **more}]}


KILLED = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
CASES = [
    (waiting("ErrImagePull", "not found"), "Container c has no image: nginx:9 cannot be had (ErrImagePull). not found"),
    (waiting("CrashLoopBackOff", restartCount=4), "Container c crashes: it has been started 4 times again."),
    (waiting("CrashLoopBackOff", lastState=KILLED), "exit code 137, as it took more memory than its limit."),
    (waiting("CreateContainerConfigError", 'secret "s" not found'), 'CreateContainerConfigError. secret "s" not found'),
    (
        {"phase": "Running", "containerStatuses": [{"name": "c", "state": {"running": {}}, "ready": False}]},
        "Container c runs and is not ready",
    ),
    (
        {"phase": "Failed", "reason": "Evicted", "message": "disk pressure"},
        "Evicted: disk pressure",
    ),
    (
        {
            "phase": "Failed",
            "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 3, "message": "no\\nfuel"}}}],
        },
        "Container c has ended: exit code 3; its last words: no",
    ),
]


@pytest.mark.parametrize(("status", "words"), CASES)
def test_a_containers_trouble(shell: Shell, server: Server, status: dict[str, Any], words: str) -> None:
    server.on("GET", PATH, pod(status))
    event = {"reason": "Failed", "message": "no", "count": 3}
    server.on("GET", "/api/v1/namespaces/default/events", {"items": [event]})
    result = shell("explain", "pod", "web")
    assert (result.code, result.err) == (0, "")
    assert words in result.out
    assert "Warning Failed: no (3 times)" in result.out


def test_a_pod_that_is_not_there(shell: Shell) -> None:
    assert shell("explain", "pod", "web").code == 1


@pytest.mark.sampan(nodes=2)
def test_what_was_said_of_each_node(sampan_cluster: LiveCluster, capfd: pytest.CaptureFixture[str]) -> None:
    containers = [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "1000"}}}]
    sampan_cluster.apply(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": containers}}
    )
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: any(pod.status.conditions))
    assert run(["explain", "pod", "web", "--kubeconfig", str(sampan_cluster.kubeconfig)]) == 0
    out = capfd.readouterr().out
    assert "Pod web is Pending." in out
    assert "It has no node: 0/2 nodes are available" in out
    assert "  node node: Insufficient cpu (NodeResourcesFit)" in out
    assert "  node node-2: Insufficient cpu (NodeResourcesFit)" in out


@pytest.mark.sampan(nodes=2)
def test_why_a_pod_is_where_it_is_after_the_fact(
    sampan_cluster: LiveCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    def explained(name: str) -> str:
        assert run(["explain", "pod", name, "--kubeconfig", str(sampan_cluster.kubeconfig)]) == 0
        return capfd.readouterr().out

    spec = {"nodeSelector": {"disk": "fast"}, "containers": [{"name": "c", "image": "nginx"}]}
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec} for name in ("a", "b")]
    sampan_cluster.apply(pods[0])
    sampan_cluster.wait_for(Pod, "default", "a", lambda pod: any(pod.status.conditions))
    sampan_cluster.patch(Node, "", "node-2", {"metadata": {"labels": {"disk": "fast"}}})
    sampan_cluster.wait_for(Pod, "default", "a", lambda pod: pod.spec.node_name)
    out = explained("a")
    assert "The scheduler default-scheduler chose node-2 at " in out
    before, _, after = out.partition("Before that it had no node 1 time, at last at ")
    assert "  node node: node(s) didn't match Pod's node affinity/selector (NodeAffinity)" in before
    assert "  node node-2: node(s) didn't match Pod's node affinity/selector (NodeAffinity)" in after
    sampan_cluster.apply(pods[1])
    sampan_cluster.wait_for(Pod, "default", "b", lambda pod: pod.spec.node_name)
    out = explained("b")
    assert "Before that" not in out
    assert "  node node: node(s) didn't match Pod's node affinity/selector (NodeAffinity)" in out

    sampan_cluster.delete(Pod, "default", "b", grace_period=0)
    sampan_cluster.wait_gone(Pod, "default", "b")
    sampan_cluster.apply({**pods[1], "spec": {**spec, "nodeName": "node"}})
    assert "chose" not in explained("b"), "that was another pod of its name"
