"""sampan's own verbs, for those without kubectl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import http
from tests.support.cluster import Cluster, run_sampan
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod, replicated
from tests.support.wait import eventually

pytestmark = pytest.mark.runtimes("docker", "process")  # one engine will do: the verbs ask the API


class Sampan:
    """``sampan("get pods")`` in the story's namespace: prints, or fails the story."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    def __call__(self, words: str, *more: str, stdin: str = "") -> str:
        verb, *rest = words.split()
        return self._cluster.sampan(verb, "-n", self._namespace, *rest, *more, stdin=stdin).stdout

    def json(self, words: str) -> Any:
        return json.loads(self(f"{words} -o json"))


@pytest.fixture
def sampan(cluster: Cluster, kubectl: Kubectl) -> Sampan:
    return Sampan(cluster, kubectl.namespace)


def ready(sampan: Sampan, name: str) -> bool:
    return str(sampan(f"get pod {name}").splitlines()[1].split()[1]) == "1/1"


def test_objects_are_applied_shown_and_deleted(sampan: Sampan, kubectl: Kubectl, tmp_path: Path) -> None:
    file = tmp_path / "chart.yaml"
    chart = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "chart"}, "data": {"here": "dragons"}}
    file.write_text(yaml.safe_dump(chart))

    assert sampan(f"apply -f {file}") == "configmap/chart created\n"
    assert sampan(f"apply -f {file}") == "configmap/chart unchanged\n"
    file.write_text(yaml.safe_dump(chart | {"data": {"here": "islands"}}))
    assert sampan(f"apply -f {file}") == "configmap/chart configured\n"

    # The tables are the server's own; the age goes on between the two.
    assert kubectl("get configmap chart").split()[:-1] == sampan("get configmap chart").split()[:-1]
    assert sampan.json("get configmap chart")["data"] == {"here": "islands"}
    assert yaml.safe_load(sampan("get configmap chart -o yaml"))["data"] == {"here": "islands"}
    assert sampan("get configmap chart -o name") == "configmap/chart\n"
    assert "islands" in sampan("describe configmap chart")
    assert "chart" in sampan(f"delete -f {file}")
    assert kubectl.run("get configmap chart").code == 1


@pytest.mark.needs("network")
def test_an_image_is_run_exposed_scaled_and_asked(sampan: Sampan, images: Images) -> None:
    web = images.web
    assert sampan(f"run web --image={web.image} --port={web.port}", *web.words()) == "pod/web created\n"
    eventually(lambda: ready(sampan, "web"), "the pod is ready")
    assert sampan(f"expose pod web --port=80 --target-port={web.port}") == "service/web exposed\n"
    ip = sampan.json("get service web")["spec"]["clusterIP"]
    said = eventually(lambda: http.fetch(f"http://{ip}/"), "the service answers", but=http.FAILURES)
    assert web.page in said


def test_a_deployment_is_made_and_scaled(sampan: Sampan, kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("Deployment", "crew", 1, images.shell.container("idle", command=["sleep", "3600"])))
    assert sampan("scale deployment crew --replicas=2") == "deployment.apps/crew scaled\n"
    kubectl("rollout status deployment/crew --timeout=60s")
    assert sampan("get deployment crew").splitlines()[1].split()[1] == "2/2"


@pytest.mark.needs("processes")
def test_logs_and_commands_inside(sampan: Sampan, kubectl: Kubectl, images: Images, cluster: Cluster) -> None:
    script = "echo ahoy; trap exit TERM; sleep 3600 & wait"
    kubectl.apply(pod("talker", images.shell.container("talker", command=["sh", "-c", script])))
    kubectl("wait --for=condition=Ready pod/talker --timeout=30s")
    eventually(lambda: sampan("logs talker") == "ahoy\n", "its log")
    assert sampan("exec talker -- echo inside") == "inside\n"
    assert sampan("exec -i talker -- cat", stdin="through\n") == "through\n"
    done = run_sampan(
        *("exec", "-n", kubectl.namespace, "talker", "--", "sh", "-c", "exit 7"), KUBECONFIG=str(cluster.kubeconfig)
    )
    assert done.code == 7


def test_the_cluster_says_how_it_is(cluster: Cluster) -> None:
    said = cluster.sampan("status", "--data-dir", str(cluster.data_dir)).stdout
    assert cluster.name in said
    assert str(cluster.port) in said
    assert cluster.runtime in said


def test_contexts_are_shown(cluster: Cluster) -> None:
    assert cluster.sampan("config", "current-context").stdout == f"{cluster.name}\n"
    assert cluster.name in cluster.sampan("config", "get-contexts").stdout


def test_images_are_listed(cluster: Cluster, images: Images) -> None:
    said = cluster.sampan("image", "ls", "--data-dir", str(cluster.data_dir)).stdout
    if images.web.image != "host":
        assert "nginx" in said
