"""The fixtures that plugin and operator authors get, used as they would."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from sampan.core.hooks import hookimpl
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.testing.live_cluster import LiveCluster
from sampan.core.testing.moved_clock import MovedClock

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""


def test_a_deployment_runs(sampan_cluster: LiveCluster) -> None:
    sampan_cluster.apply(WEB)
    web = sampan_cluster.wait_for(Deployment, "default", "web", lambda web: web.status.ready_replicas == 2)
    assert web.metadata.generation == 1
    pods = sampan_cluster.list(Pod, "default", labels="app=web")
    assert [pod.status.phase for pod in pods] == ["Running", "Running"]
    message = sampan_cluster.events("web", reason="ScalingReplicaSet")[0].message
    assert message is not None
    assert message.startswith("Scaled up replica set web-")
    assert sampan_cluster.kubectl("get", "deployment", "web", "-o", "name") == "deployment.apps/web\n"


def test_without_a_node_pods_are_made_and_stay_pending(sampan_plane: LiveCluster) -> None:
    sampan_plane.apply(WEB)
    sampan_plane.settle()
    assert sampan_plane.list(Node) == []
    assert {pod.status.phase for pod in sampan_plane.list(Pod)} == {"Pending"}


@pytest.mark.sampan(nodes=3)
def test_as_many_nodes_as_the_marker_says(sampan_cluster: LiveCluster) -> None:
    assert len(sampan_cluster.list(Node)) == 3


@pytest.mark.sampan(runtime="process", nodes=2)
def test_pods_run_on_the_runtime_that_the_marker_names(sampan_cluster: LiveCluster, tmp_path: Path) -> None:
    """And leave nothing behind; `tests.support.leaks` looks for processes."""

    def says(path: str, words: str) -> bool:
        return bool(sampan_cluster.request("GET", path) == words)

    command = ["sh", "-c", "echo on $0; exec sleep 1000"]
    for node in ("node", "node-2"):
        container = {"name": "c", "image": "host", "command": [*command, node]}
        spec = {"nodeName": node, "containers": [container]}
        sampan_cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": node}, "spec": spec})
    for node in ("node", "node-2"):
        sampan_cluster.wait_for(Pod, "default", node, lambda pod: pod.status.phase == "Running")
        path = f"/api/v1/namespaces/default/pods/{node}/log"
        sampan_cluster.wait_until(partial(says, path, f"on {node}\n"))


def test_time_is_moved(sampan_plane: LiveCluster, sampan_clock: MovedClock) -> None:
    before = sampan_clock.now()
    sampan_plane.apply(WEB.replace("replicas: 2", "replicas: 2\n  progressDeadlineSeconds: 60"))
    sampan_plane.settle()
    sampan_clock.advance(61)
    assert (sampan_clock.now() - before).total_seconds() == 61
    web = sampan_plane.wait_for(Deployment, "default", "web", lambda web: bool(web.status.conditions))
    reasons = {condition.type: condition.reason for condition in web.status.conditions}
    assert reasons["Progressing"] == "ProgressDeadlineExceeded"


class Listener:
    """A plugin that a test names."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def sampan_pod_admitted(self, pod: Pod) -> None:
        self.seen.append(pod.metadata.name or "")


LISTENER = Listener()


@pytest.mark.sampan(plugins=[LISTENER])
def test_only_named_plugins_are_loaded(sampan_cluster: LiveCluster) -> None:
    names = {each.name for each in sampan_cluster.plugins.loaded}
    assert names == {"plugins", "runtimes", "volumes", "testing", "Listener"}
    sampan_cluster.apply(WEB)
    sampan_cluster.wait_for(Deployment, "default", "web", lambda web: web.status.ready_replicas == 2)
    assert len(LISTENER.seen) == 2


def test_the_story_of_a_failing_test(sampan_cluster: LiveCluster, tmp_path: Path) -> None:
    sampan_cluster.apply(WEB)
    sampan_cluster.wait_for(Deployment, "default", "web", lambda web: web.status.ready_replicas == 2)
    story = sampan_cluster.story()
    assert "default/web-" in story
    assert "requests:" in story
