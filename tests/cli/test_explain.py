"""Why a pod is not what it should be, in plain words: of a real scheduler, and of statuses as kubelets write them."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.cli.main import run
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
