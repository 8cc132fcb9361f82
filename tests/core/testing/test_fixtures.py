"""The fixtures that plugin and operator authors get, used as they would."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from sampan.core.errors import Conflict, ServiceUnavailable
from sampan.core.hooks import hookimpl
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.codec import from_wire
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
SETTINGS = from_wire(ConfigMap, {"metadata": {"name": "settings", "namespace": "default"}, "data": {"a": "b"}})


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


def test_requests_are_seen_with_who_made_them(sampan_plane: LiveCluster) -> None:
    sampan_plane.create(SETTINGS)
    sampan_plane.request("GET", "/api/v1/namespaces/default/configmaps/settings")
    assert [each.name for each in sampan_plane.requests.where(verb="get", resource="configmaps")] == ["settings"]
    sampan_plane.requests.clear()
    sampan_plane.apply(WEB)
    sampan_plane.settle()
    made = sampan_plane.requests.where(verb="create", resource="pods")
    assert {each.user for each in made} == {"system:serviceaccount:kube-system:replicaset-controller"}


def test_a_fault_meets_the_requests_of_its_pattern(sampan_plane: LiveCluster) -> None:
    fault = sampan_plane.faults.add(verb="create", resource="configmaps", error=409, times=2)
    for _ in range(2):
        with pytest.raises(Conflict):
            sampan_plane.create(SETTINGS)
    sampan_plane.create(SETTINGS)
    assert fault.met == 2
    down = sampan_plane.faults.add(error=503)
    with pytest.raises(ServiceUnavailable):
        sampan_plane.get(ConfigMap, "default", "settings")
    down.end()
    sampan_plane.faults.add(resource="configmaps", delay=0.05, times=1)
    began = time.perf_counter()
    sampan_plane.get(ConfigMap, "default", "settings")
    assert time.perf_counter() - began >= 0.05
    with pytest.raises(TypeError, match="a request has no colour"):
        sampan_plane.faults.add(colour="red")


def test_controllers_get_over_a_storm_of_conflicts(sampan_plane: LiveCluster) -> None:
    fault = sampan_plane.faults.add(verb="create", resource="pods", error=500, times=3)
    sampan_plane.apply(WEB)
    sampan_plane.wait_for(Deployment, "default", "web", lambda web: web.status.replicas == 2)
    assert fault.met == 3


def test_a_watch_breaks_when_it_is_told_to(sampan_plane: LiveCluster) -> None:
    broken = threading.Event()
    began = threading.Event()

    def watch() -> None:
        token = sampan_plane._cluster.access.token
        url = f"{sampan_plane.server}/api/v1/configmaps?watch=1"
        with httpx.Client(verify=False, headers={"Authorization": f"Bearer {token}"}) as client:
            try:
                with client.stream("GET", url) as answer:
                    for _ in answer.iter_lines():
                        began.set()
            except httpx.TransportError:
                broken.set()

    thread = threading.Thread(target=watch)
    thread.start()
    assert began.wait(10)
    sampan_plane.disconnect()
    thread.join(10)
    assert broken.is_set()


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
