"""Under load: what clients notice while pods are replaced and sampan itself is killed, stopped and started again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.core.contracts.runtime import Capabilities
from sampan.plugins.proxies.nftables.available import unavailable
from tests.support import http
from tests.support.client import KeenClient
from tests.support.cluster import Cluster
from tests.support.images import images_for, load_images
from tests.support.kubectl import Kubectl
from tests.support.manifests import replicated, service
from tests.support.needs import needs
from tests.support.wait import eventually

pytestmark = [
    pytest.mark.runtimes("docker", "process"),  # one engine will do: the kernel carries it
    pytest.mark.needs("network"),
    needs(unavailable() is None, str(unavailable())),
]


@pytest.fixture
def proxy() -> str:
    return "nftables"


@pytest.fixture
def proxied(proxy: str, runtime: str, tmp_path: Path, capabilities: Capabilities) -> Iterator[Cluster]:
    cluster = Cluster(runtime, tmp_path / "cluster", ("--proxy", proxy))
    try:
        cluster.up()
        load_images(cluster, capabilities, ("nginx",))
        yield cluster
    finally:
        cluster.down()


@pytest.fixture
def kubectl(proxied: Cluster) -> Kubectl:
    kubectl = proxied.kubectl("default")
    eventually(lambda: kubectl.run("get serviceaccount default").code == 0, "pods may be made")
    return kubectl


@pytest.fixture
def url(proxied: Cluster, kubectl: Kubectl, capabilities: Capabilities) -> str:
    """Of a Service with two pods."""
    program = images_for(proxied.runtime, capabilities).web
    ready = {"tcpSocket": {"port": program.port}, "periodSeconds": 1}
    web = program.container("web", readinessProbe=ready, lifecycle={"preStop": {"sleep": {"seconds": 1}}})
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    kubectl.apply(replicated("Deployment", "web", 2, web, strategy=strategy), service("web", 80, target=program.port))
    kubectl("rollout status deployment/web --timeout=60s")
    address = f"http://{kubectl('get svc web --template={{.spec.clusterIP}}')}/"
    eventually(lambda: http.fetch(address), "it answers", but=http.FAILURES)
    return address


def replace_pods(kubectl: Kubectl) -> None:
    before = set(kubectl("get pods -o name").split())
    kubectl("rollout restart deployment/web")
    kubectl("rollout status deployment/web --timeout=60s")
    eventually(lambda: not before & set(kubectl("get pods -o name").split()), "the pods of before have gone")


def test_in_the_kernel_nobody_notices_that_sampan_is_away(proxied: Cluster, kubectl: Kubectl, url: str) -> None:
    with KeenClient(url) as client:
        proxied.kill()
        client.answers_more(20)
        proxied.up()
        client.answers_more(20)
        proxied.stop()
        client.answers_more(20)
        proxied.up()
        replace_pods(kubectl)
        client.answers_more(20)
    assert client.failures == []


@pytest.mark.runtimes("process")
@pytest.mark.parametrize("proxy", ["userspace"])
def test_without_the_kernels_help_new_pods_cost_nothing_and_a_new_sampan_a_pause(
    proxied: Cluster, kubectl: Kubectl, url: str
) -> None:
    with KeenClient(url) as client:
        replace_pods(kubectl)
    assert client.failures == []
    proxied.kill()
    with pytest.raises(http.FAILURES):
        http.fetch(url)
    proxied.up()
    assert eventually(lambda: http.fetch(url), "it answers again", but=http.FAILURES)
