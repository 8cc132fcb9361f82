"""The control plane goes and comes back: pods never notice, and nothing that was acknowledged is lost."""

from __future__ import annotations

import random
import threading
from typing import Any

import httpx
import pytest

from sampan.core.contracts.runtime import Capabilities
from tests.support.cluster import Cluster
from tests.support.containers import container_status, is_running, kill_container
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod, service
from tests.support.wait import eventually

pytestmark = pytest.mark.needs("processes")

KILLS = 3


@pytest.fixture
def kubectl(fresh_cluster: Cluster) -> Kubectl:
    kubectl = fresh_cluster.kubectl("default")
    eventually(lambda: kubectl.run("get serviceaccount default").code == 0, "pods may be made")
    return kubectl


def sleeping(images: Images) -> dict[str, Any]:
    script = "trap exit TERM; echo awake; sleep 3600 & wait"
    return pod("sleeper", images.shell.container("sleeper", command=["sh", "-c", script]))


def identity(kubectl: Kubectl, name: str = "sleeper") -> dict[str, Any]:
    """All that must be the same afterwards."""
    seen = kubectl.json(f"get pod {name}")
    status = container_status(kubectl, name)
    return {
        "uid": seen["metadata"]["uid"],
        "ip": seen["status"]["podIP"],
        "containerID": status["containerID"],
        "restartCount": status["restartCount"],
        "startedAt": status["state"]["running"]["startedAt"],
    }


def test_pods_go_on_while_the_control_plane_is_away(fresh_cluster: Cluster, kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(sleeping(images))
    kubectl("wait --for=condition=Ready pod/sleeper --timeout=30s")
    before = identity(kubectl)
    container = before["containerID"].partition("://")[2]

    fresh_cluster.stop()
    assert is_running(fresh_cluster, container)
    assert kubectl.run("get pods").code == 1

    fresh_cluster.up()
    assert identity(kubectl) == before
    kubectl("wait --for=condition=Ready pod/sleeper --timeout=30s")
    assert kubectl("logs sleeper") == "awake\n"
    assert kubectl("exec sleeper -- echo still here") == "still here\n"


@pytest.mark.needs("network")
def test_pods_find_names_while_the_control_plane_is_away(
    fresh_cluster: Cluster, kubectl: Kubectl, images: Images
) -> None:
    """A pod asks all the time, as nobody can be told to while the API is away."""
    kubectl.apply(service("web", 80))
    address = kubectl("get service web -o jsonpath={.spec.clusterIP}")
    name = "web.default.svc.cluster.local"
    asking = f"(getent ahostsv4 {name} || nslookup {name}) 2>/dev/null | grep -qwF {address}"
    script = f"while true; do if {asking}; then echo found; else echo lost; fi; sleep 0.05; done"
    kubectl.apply(pod("asker", images.shell.container("c", command=["sh", "-c", script])))

    def said() -> list[str]:
        return kubectl.run("logs asker").stdout.split()

    eventually(lambda: "found" in said(), "the name is found")
    fresh_cluster.kill()
    fresh_cluster.up()
    eventually(lambda: len(said()) > 0, "the node can be asked again")
    before = len(said())
    eventually(lambda: len(said()) > before + 5, "the name is asked of the new one")
    words = said()
    assert set(words[words.index("found") :]) == {"found"}


def test_what_happened_meanwhile_is_noticed(fresh_cluster: Cluster, kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(sleeping(images))
    kubectl("wait --for=condition=Ready pod/sleeper --timeout=30s")
    before = identity(kubectl)
    interim = Kubectl(kubectl.program, kubectl.kubeconfig, kubectl.namespace)
    kill_container(fresh_cluster, interim, "sleeper")  # found while somebody can still be asked
    fresh_cluster.kill()

    fresh_cluster.up()

    eventually(lambda: identity(kubectl)["restartCount"] == 1, "it was started again", but=(KeyError,))
    after = identity(kubectl)
    assert after["uid"] == before["uid"]
    assert after["containerID"] != before["containerID"]


class Writer:
    """Writes ConfigMaps as fast as it can and remembers each that was acknowledged; an outage makes it try again."""

    def __init__(self, cluster: Cluster) -> None:
        self.acknowledged: dict[str, str] = {}
        self._cluster = cluster
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._write, name="writer")
        self._thread.start()

    def acknowledges(self, count: int) -> None:
        """Return once so many more are written."""
        target = len(self.acknowledged) + count
        eventually(lambda: len(self.acknowledged) >= target, "writes are acknowledged")

    def end(self) -> None:
        self._enough.set()
        self._thread.join()

    def _write(self) -> None:
        number = 0
        with self._cluster.api(timeout=2.0) as api:
            while not self._enough.wait(0.005):
                number += 1
                name = f"entry-{number}"
                body = {"metadata": {"name": name}, "data": {"number": str(number)}}
                try:
                    answer = api.post("/api/v1/namespaces/default/configmaps", json=body)
                except httpx.HTTPError:
                    continue
                if answer.status_code == 201:
                    self.acknowledged[name] = answer.json()["metadata"]["uid"]


def test_a_kill_at_any_moment_loses_nothing(fresh_cluster: Cluster, kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(sleeping(images))
    kubectl("wait --for=condition=Ready pod/sleeper --timeout=30s")
    before = identity(kubectl)
    container = before["containerID"].partition("://")[2]
    moments = random.Random(fresh_cluster.name)  # the name is in the failure's report

    writer = Writer(fresh_cluster)
    try:
        for _ in range(KILLS):
            writer.acknowledges(moments.randrange(5, 60))
            fresh_cluster.kill()
            assert is_running(fresh_cluster, container)
            fresh_cluster.up()
    finally:
        writer.end()

    found = {item["metadata"]["name"]: item["metadata"]["uid"] for item in kubectl.json("get configmaps")["items"]}
    assert {name: found.get(name) for name in writer.acknowledged} == writer.acknowledged
    assert identity(kubectl) == before


def test_a_kill_while_pods_start_leaves_none_twice_and_none_out(
    fresh_cluster: Cluster, kubectl: Kubectl, images: Images, capabilities: Capabilities
) -> None:
    container = images.shell.container("idle", command=["sleep", "3600"])
    names = [f"idle-{number}" for number in range(4)]
    kubectl.apply(*(pod(name, container) for name in names))
    fresh_cluster.kill()

    fresh_cluster.up()

    for name in names:
        kubectl(f"wait --for=condition=Ready pod/{name} --timeout=40s")
    if capabilities.own_network:
        addresses = kubectl("get pods -o jsonpath={.items[*].status.podIP}").split()
        assert len(set(addresses)) == len(names)
    assert {container_status(kubectl, name)["restartCount"] for name in names} == {0}
