"""What ends comes back: at once the first time, then with ten seconds of back-off, as the node agent of Kubernetes does."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.support.cluster import Cluster
from tests.support.containers import container_id, container_status, kill_container, restarts
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod
from tests.support.wait import eventually

pytestmark = pytest.mark.needs("processes")


def test_a_killed_container_comes_back_with_back_off(kubectl: Kubectl, cluster: Cluster, images: Images) -> None:
    kubectl.apply(pod("phoenix", images.shell.container("phoenix", command=["sleep", "3600"])))
    kubectl("wait --for=condition=Ready pod/phoenix --timeout=30s")
    first, uid = container_id(kubectl, "phoenix"), kubectl("get pod phoenix -o jsonpath={.metadata.uid}")

    kill_container(cluster, kubectl, "phoenix")
    eventually(lambda: restarts(kubectl, "phoenix") == 1, "back at once", within=8)
    assert container_id(kubectl, "phoenix") != first
    ended = container_status(kubectl, "phoenix")["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["containerID"].partition("://")[2]) == (137, "Error", first)

    kill_container(cluster, kubectl, "phoenix")
    waiting = eventually(lambda: container_status(kubectl, "phoenix")["state"].get("waiting"), "it waits")
    assert waiting["reason"] == "CrashLoopBackOff"
    assert "back-off 10s restarting failed container=phoenix pod=phoenix" in waiting["message"]
    assert "CrashLoopBackOff" in kubectl("get pods")

    eventually(lambda: restarts(kubectl, "phoenix") == 2, "back after ten seconds", within=20)
    status = container_status(kubectl, "phoenix")
    away = moment(status["state"]["running"]["startedAt"]) - moment(status["lastState"]["terminated"]["finishedAt"])
    assert 9 <= away.total_seconds() <= 13
    assert kubectl("get pod phoenix -o jsonpath={.metadata.uid}") == uid, "the pod itself stayed"
    reasons = kubectl("get events -o jsonpath={.items[*].reason}").split()
    assert "BackOff" in reasons


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("policy", "exit_code", "phase", "restarted"),
    [
        ("Never", 0, "Succeeded", False),
        ("Never", 3, "Failed", False),
        ("OnFailure", 0, "Succeeded", False),
        ("OnFailure", 3, "Running", True),
        ("Always", 0, "Running", True),
    ],
)
def test_the_restart_policy_decides_who_comes_back(
    kubectl: Kubectl, images: Images, policy: str, exit_code: int, phase: str, restarted: bool
) -> None:
    container = images.shell.container("task", command=["sh", "-c", f"exit {exit_code}"])
    kubectl.apply(pod("task", container, restartPolicy=policy))

    if restarted:
        eventually(lambda: container_status(kubectl, "task")["restartCount"] >= 1, "it was started again")
        assert kubectl("get pod task -o jsonpath={.status.phase}") == phase
    else:
        kubectl(f"wait --for=jsonpath={{.status.phase}}={phase} pod/task --timeout=30s")
        status = container_status(kubectl, "task")
        assert status["restartCount"] == 0
        assert status["state"]["terminated"]["exitCode"] == exit_code


def test_a_container_that_stops_answering_is_restarted(kubectl: Kubectl, images: Images) -> None:
    alive = {
        "exec": {"command": ["test", "!", "-e", "/tmp/sampan-story-hung"]},
        "periodSeconds": 1,
        "failureThreshold": 1,
    }
    script = "rm -f /tmp/sampan-story-hung; trap exit TERM; sleep 3600 & wait"
    kubectl.apply(pod("hangs", images.shell.container("hangs", command=["sh", "-c", script], livenessProbe=alive)))
    kubectl("wait --for=condition=Ready pod/hangs --timeout=30s")

    kubectl("exec hangs -- touch /tmp/sampan-story-hung")

    eventually(lambda: restarts(kubectl, "hangs") == 1, "it was restarted")
    events = kubectl("get events -o jsonpath={.items[*].reason}").split()
    assert {"Unhealthy", "Killing"} <= set(events)
