"""Requests during a test as objects, and the faults that meet them: errors, delays, broken connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from sampan.core.errors import AlreadyExists, Conflict, ServiceUnavailable, TooManyRequests
from sampan.core.model.builtin import ConfigMap, Deployment
from sampan.core.schema.codec import from_wire
from sampan.core.testing.live_cluster import LiveCluster

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
CONTROLLERS = "system:serviceaccount:kube-system:*"
SETTINGS = from_wire(ConfigMap, {"metadata": {"name": "settings", "namespace": "default"}, "data": {"a": "b"}})


def test_requests_are_seen_with_who_made_them(sampan_plane: LiveCluster) -> None:
    sampan_plane.create(SETTINGS)
    sampan_plane.request("GET", "/api/v1/namespaces/default/configmaps/settings")
    assert [each.name for each in sampan_plane.requests.where(verb="get", resource="configmaps")] == ["settings"]
    sampan_plane.requests.clear()
    sampan_plane.apply(WEB)
    sampan_plane.settle()
    made = sampan_plane.requests.where(verb="create", resource="pods")
    assert {each.user for each in made} == {"system:serviceaccount:kube-system:replicaset-controller"}
    assert sampan_plane.requests.where(verb="create", resource="pods", user=CONTROLLERS) == made
    assert sampan_plane.requests.where(verb="create", resource="pods", user="system:node:*") == []
    with pytest.raises(TypeError, match="a request has no colour"):
        sampan_plane.requests.where(colour="red")


def test_an_error_meets_the_requests_of_its_pattern(sampan_plane: LiveCluster) -> None:
    fault = sampan_plane.faults.add(verb="create", resource="config*", error=409, times=2)
    for _ in range(2):
        with pytest.raises(Conflict):
            sampan_plane.create(SETTINGS)
    sampan_plane.create(SETTINGS)
    assert fault.met == 2
    down = sampan_plane.faults.add(error=503)
    with pytest.raises(ServiceUnavailable):
        sampan_plane.get(ConfigMap, "default", "settings")
    down.end()
    sampan_plane.faults.add(verb="get", error=TooManyRequests("slowly", retry_after=7), times=1)
    with pytest.raises(TooManyRequests, match="slowly"):
        sampan_plane.request("GET", "/api/v1/namespaces/default/configmaps/settings")
    with pytest.raises(TypeError, match="a request has no colour"):
        sampan_plane.faults.add(colour="red")


def test_a_delay_holds_a_request_up(sampan_plane: LiveCluster) -> None:
    sampan_plane.create(SETTINGS)
    sampan_plane.faults.add(resource="configmaps", delay=0.05, times=1)
    began = time.perf_counter()
    sampan_plane.get(ConfigMap, "default", "settings")
    assert time.perf_counter() - began >= 0.05


@pytest.mark.parametrize("error", [409, 500])
def test_controllers_get_over_a_storm(sampan_plane: LiveCluster, error: int) -> None:
    """Of refused creates, and of conflicts on every status that they write."""
    pods = sampan_plane.faults.add(verb="create", resource="pods", error=error, times=3)
    statuses = sampan_plane.faults.add(subresource="status", user=CONTROLLERS, error=409, times=10)
    sampan_plane.apply(WEB)
    sampan_plane.wait_for(Deployment, "default", "web", lambda web: web.status.replicas == 2)
    assert pods.met == 3
    assert statuses.met > 0


def test_a_connection_breaks_before_anything_is_done(sampan_plane: LiveCluster) -> None:
    fault = sampan_plane.faults.add(verb="create", resource="configmaps", disconnect_after=0, times=1)
    body = {"metadata": {"name": "settings"}}
    with pytest.raises(ServiceUnavailable, match="cannot reach the cluster"):
        sampan_plane.request("POST", "/api/v1/namespaces/default/configmaps", body)
    assert fault.met == 1
    assert "settings" not in {each.metadata.name for each in sampan_plane.list(ConfigMap)}
    assert sampan_plane.request("POST", "/api/v1/namespaces/default/configmaps", body)["metadata"]["uid"]


def test_an_answer_is_lost_after_everything_was_done(sampan_plane: LiveCluster) -> None:
    fault = sampan_plane.faults.add(verb="create", resource="configmaps", lose_answer=True, times=1)
    body = {"metadata": {"name": "settings"}}
    path = "/api/v1/namespaces/default/configmaps"
    with pytest.raises(ServiceUnavailable, match="cannot reach the cluster"):
        sampan_plane.request("POST", path, body)
    assert fault.met == 1
    with pytest.raises(AlreadyExists):
        sampan_plane.request("POST", path, body)
    assert sampan_plane.request("GET", f"{path}/settings")["metadata"]["name"] == "settings"


def test_no_answer_is_lost_that_goes_over_no_connection(sampan_plane: LiveCluster) -> None:
    fault = sampan_plane.faults.add(resource="configmaps", lose_answer=True)
    assert sampan_plane.create(SETTINGS).metadata.uid
    assert fault.met == 0


def test_who_asks_in_process_hears_that_nobody_answers(sampan_plane: LiveCluster) -> None:
    sampan_plane.faults.add(verb="create", resource="configmaps", disconnect_after=0, times=1)
    with pytest.raises(ServiceUnavailable):
        sampan_plane.create(SETTINGS)


class Watching:
    """A watch in a thread: what it has seen, and how it ended."""

    def __init__(self, cluster: LiveCluster, resource: str) -> None:
        self.began = threading.Event()
        self.broke = threading.Event()
        self._cluster = cluster
        self._url = f"{cluster.server}/api/v1/{resource}?watch=1"
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        token = self._cluster._cluster.access.token
        with httpx.Client(verify=False, headers={"Authorization": f"Bearer {token}"}) as client:
            try:
                with client.stream("GET", self._url) as answer:
                    self.began.set()
                    for _ in answer.iter_lines():
                        pass
            except httpx.TransportError:
                self.broke.set()

    def join(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


@contextmanager
def watching(cluster: LiveCluster, resource: str) -> Iterator[Watching]:
    watch = Watching(cluster, resource)
    try:
        yield watch
    finally:
        cluster.disconnect()
        watch.join()


def test_every_connection_breaks(sampan_plane: LiveCluster) -> None:
    with watching(sampan_plane, "configmaps") as watch:
        assert watch.began.wait(10)
        sampan_plane.disconnect()
        assert watch.broke.wait(10)


def test_the_watches_of_a_pattern_break_alone(sampan_plane: LiveCluster) -> None:
    with watching(sampan_plane, "configmaps") as broken, watching(sampan_plane, "secrets") as whole:
        assert broken.began.wait(10)
        assert whole.began.wait(10)
        sampan_plane.disconnect(resource="configmaps")
        assert broken.broke.wait(10)
        assert not whole.broke.is_set()


def test_a_watch_that_breaks_after_a_while(sampan_plane: LiveCluster) -> None:
    fault = sampan_plane.faults.add(verb="watch", resource="configmaps", disconnect_after=0.01, times=1)
    for breaks in (True, False):
        with watching(sampan_plane, "configmaps") as watch:
            assert watch.began.wait(10)
            if breaks:
                assert watch.broke.wait(10)
            else:
                assert not watch.broke.wait(0.05)
    assert fault.met == 1
