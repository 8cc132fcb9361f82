"""The examples in examples/plugins, each at work in a cluster of its own."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from shutil import which
from typing import Any

import pytest

from sampan.core.contracts.proxy import Proxy, ProxySettings
from sampan.core.errors import Forbidden
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.testing.live_cluster import LiveCluster
from sampan.core.testing.proxy_contract import ProxyContract
from tests.support.needs import needs
from tests.support.wait import eventually

EXAMPLES = Path(__file__).parents[2] / "examples" / "plugins"


def example(name: str) -> str:
    return str(EXAMPLES / f"{name}.py")


def pod(name: str = "web", image: str = "nginx:1.29", **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": image}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers, **spec}}


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.name)
def test_each_is_read_in_one_sitting(file: Path) -> None:
    assert len(file.read_text().splitlines()) < (150 if file.stem == "haproxy" else 60)


@pytest.mark.sampan(plugins=[example("bin_packing")], nodes=3)
def test_bin_packing_fills_one_node(sampan_cluster: LiveCluster) -> None:
    nodes = []
    for number in range(4):
        sampan_cluster.apply(pod(f"p{number}"))
        placed = sampan_cluster.wait_for(Pod, "default", f"p{number}", lambda pod: pod.spec.node_name)
        nodes.append(placed.spec.node_name)
    assert len(set(nodes)) == 1


SITE = {"apiVersion": "example.com/v1", "kind": "Website", "metadata": {"name": "home"}, "spec": {"html": "hello"}}


@pytest.mark.sampan(plugins=[example("website")])
def test_a_website_has_its_parts_which_follow_it(sampan_plane: LiveCluster) -> None:
    sampan_plane.apply(SITE)
    sampan_plane.wait_for(Deployment, "default", "home", lambda found: found.spec.replicas == 1)
    sampan_plane.wait_for(Service, "default", "home")
    sampan_plane.apply({**SITE, "spec": {"html": "good bye", "replicas": 3}})
    sampan_plane.wait_for(ConfigMap, "default", "home", lambda page: page.data["index.html"] == "good bye")
    sampan_plane.wait_for(Deployment, "default", "home", lambda found: found.spec.replicas == 3)
    sampan_plane.request("DELETE", "/apis/example.com/v1/namespaces/default/websites/home")
    sampan_plane.wait_gone(Deployment, "default", "home")


@pytest.mark.sampan(plugins=[example("no_latest")])
def test_latest_is_refused_for_pods_and_templates(sampan_plane: LiveCluster) -> None:
    for image in ("nginx", "nginx:latest", "example.com:5000/nginx"):
        with pytest.raises(Forbidden, match="has no tag that stays the same"):
            sampan_plane.apply(pod(image=image))
    sampan_plane.apply(pod(image="example.com:5000/nginx:1"))
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    with pytest.raises(Forbidden):
        sampan_plane.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder from before the cluster starts until after its end: what its plugins write by a relative name
    stays in there. So it comes before the cluster in a test's arguments.
    """
    monkeypatch.chdir(tmp_path)
    return tmp_path


ARCHIVES = "archives"


@pytest.mark.sampan(plugins=[example("tarball")], settings={"tarball": {"folder": ARCHIVES}})
def test_a_volume_from_a_tarball(own_folder: Path, sampan_cluster: LiveCluster) -> None:
    Path(ARCHIVES).mkdir()
    with tarfile.open(f"{ARCHIVES}/a.tar", "w") as tar:
        member = tarfile.TarInfo("greeting")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"hello"))
    volume = {"name": "v", "csi": {"driver": "tarball.example.com", "volumeAttributes": {"archive": "a.tar"}}}
    sampan_cluster.apply(pod(volumes=[volume]))
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
    (greeting,) = (own_folder / "sampan").rglob("greeting")
    assert greeting.read_text() == "hello"


@pytest.mark.sampan(plugins=[example("audit_sink")], settings={"audit_sink": {"file": "audit.jsonl"}})
def test_the_audit_sink_writes_lines(own_folder: Path, sampan_cluster: LiveCluster) -> None:
    sampan_cluster.apply(pod())
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")

    def started() -> bool:
        lines = [json.loads(line) for line in (own_folder / "audit.jsonl").read_text().splitlines()]
        return any(line.get("pod") == "default/web" for line in lines)

    eventually(started, but=(OSError,))


@needs(which("haproxy", path="/usr/sbin:/usr/bin") is not None, "haproxy is not installed")
class TestHAProxy(ProxyContract):
    """A proxy that somebody else wrote, with somebody else's program."""

    ip = "127.97.0.10"
    transports = ("TCP",)

    @pytest.fixture
    def proxy(self, tmp_path: Path) -> Iterator[Proxy]:
        space = run_path(str(EXAMPLES / "haproxy.py"))
        settings = ProxySettings(cluster="test", state_dir=tmp_path, service_cidr=space["RANGE"], pod_cidr="")
        made: Proxy = space["HAProxy"](settings)
        made.start()
        yield made
        made.destroy()
