"""A test's cluster with the client libraries that operators in Python are written with: each needs its kubeconfig alone."""

from __future__ import annotations

import kopf
import kr8s
import kubernetes
import lightkube
import pytest
from kopf.testing import KopfRunner
from kr8s.objects import Pod as Kr8sPod
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap as LightkubeMap

from sampan.plugin import ConfigMap, Pod

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "web", "image": "nginx"}]},
}


def test_kubernetes(sampan_cluster):
    with kubernetes.config.new_client_from_config(str(sampan_cluster.kubeconfig)) as client:
        core = kubernetes.client.CoreV1Api(client)
        core.create_namespaced_pod("default", POD)
        watch = kubernetes.watch.Watch()
        for event in watch.stream(core.list_namespaced_pod, "default", timeout_seconds=30):
            if event["object"].status.phase == "Running":
                watch.stop()
        assert core.read_namespaced_pod("web", "default").status.phase == "Running"
        with pytest.raises(kubernetes.client.ApiException) as refused:
            core.create_namespaced_pod("default", POD)
        assert refused.value.status == 409
        core.delete_namespaced_pod("web", "default", grace_period_seconds=0)
    sampan_cluster.wait_gone(Pod, "default", "web")


def test_lightkube(sampan_cluster):
    client = lightkube.Client(config=lightkube.KubeConfig.from_file(str(sampan_cluster.kubeconfig)))
    client.create(LightkubeMap(metadata=ObjectMeta(name="a", namespace="default"), data={"a": "1"}))
    client.patch(LightkubeMap, "a", {"data": {"b": "2"}})
    for event, found in client.watch(LightkubeMap, fields={"metadata.name": "a"}):
        assert (event, found.data) == ("ADDED", {"a": "1", "b": "2"})
        break
    client.delete(LightkubeMap, "a")
    sampan_cluster.wait_gone(ConfigMap, "default", "a")


def test_kr8s(sampan_cluster):
    api = kr8s.api(kubeconfig=str(sampan_cluster.kubeconfig))
    pod = Kr8sPod(POD, namespace="default", api=api)
    pod.create()
    pod.wait("condition=Ready", timeout=30)
    assert [each.name for each in api.get("pods", namespace="default")] == ["web"]
    pod.label(fits="yes")
    assert sampan_cluster.get(Pod, "default", "web").metadata.labels == {"fits": "yes"}
    pod.delete()
    sampan_cluster.wait_gone(Pod, "default", "web")


@kopf.on.login()
def login(**words):
    """With the kubeconfig of this moment: the library ``kubernetes`` would go on with the one that it was imported with."""
    return kopf.login_with_kubeconfig(**words)


@kopf.on.create("configmaps", labels={"greet": "yes"})
def greet(patch, **_):
    patch["data"] = {"greeting": "hello"}


def test_the_runner_of_kopf(sampan_plane, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(sampan_plane.kubeconfig))
    words = ["run", "--namespace", "default", "--standalone", "--quiet", __file__]
    with KopfRunner(words, timeout=60) as runner:
        meta = {"name": "a", "labels": {"greet": "yes"}}
        sampan_plane.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        sampan_plane.wait_for(ConfigMap, "default", "a", lambda found: found.data == {"greeting": "hello"})
    assert (runner.exit_code, runner.exception) == (0, None)
    assert sampan_plane.requests.where(verb="patch", resource="configmaps")
