"""Names: what pods call each other by, asked through the images' own resolvers."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.cluster import SAMPAN, Cluster
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod, replicated, service
from tests.support.wait import eventually

pytestmark = pytest.mark.needs("network")

ADDRESSES = "import socket, sys; print(*sorted({a[4][0] for a in socket.getaddrinfo(sys.argv[1], 80, socket.AF_INET)}))"


def addresses(kubectl: Kubectl, name: str) -> list[str]:
    """As the image's own resolver finds them; none where there is no such name."""
    return kubectl.run("exec", "asker", "--", "python3", "-c", ADDRESSES, name).stdout.split()


def test_services_and_pods_are_found_by_name(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(
        pod("asker", images.python.container("c", command=["sleep", "3600"])),
        replicated("Deployment", "web", 2, images.web.container("web")),
        service("web", 80, target=images.web.port),
        {**service("each", 80, target=images.web.port, app="web"), "spec": {
            "clusterIP": "None", "selector": {"app": "web"}, "ports": [{"name": "http", "port": images.web.port}]}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "elsewhere"},
         "spec": {"type": "ExternalName", "externalName": "web." + kubectl.namespace + ".svc.cluster.local"}},
        pod("db", images.web.container("web"),  # it answers: the service `web` chooses it as well
            labels={"app": "web"}, hostname="db-0", subdomain="each"),
    )  # fmt: skip
    kubectl("wait --for=condition=Ready pod/asker pod/db --timeout=60s")
    kubectl("wait --for=condition=Available deployment/web --timeout=60s")
    cluster_ip = kubectl("get service web -o jsonpath={.spec.clusterIP}").split()
    for name in ("web", f"web.{kubectl.namespace}", f"web.{kubectl.namespace}.svc.cluster.local", "elsewhere"):
        assert addresses(kubectl, name) == cluster_ip, name
    pods = sorted(kubectl("get pods -l app=web -o jsonpath={.items[*].status.podIP}").split())
    eventually(lambda: addresses(kubectl, "each") == pods, "a headless service is its pods")
    assert addresses(kubectl, "db-0.each") == kubectl("get pod db -o jsonpath={.status.podIP}").split()
    assert addresses(kubectl, "nobody") == []

    page = "import urllib.request as r; print(r.urlopen('http://web', timeout=5).read().decode())"
    assert images.web.page in kubectl("exec", "asker", "--", "python3", "-c", page)

    kubectl("delete service web --wait=true")
    eventually(lambda: addresses(kubectl, "web") == [], "the name goes with the service", within=8)


@pytest.mark.runtimes("process")
@pytest.mark.root
def test_the_host_finds_services_by_name_once_it_is_told_to(kubectl: Kubectl, cluster: Cluster, tmp_path: Path) -> None:
    """In a mount namespace: what its resolver is told, only what runs there reads."""
    kubectl.apply(service("web", 80))
    own = tmp_path / "resolv.conf"
    before = Path("/etc/resolv.conf").read_text()
    own.write_text(before)
    sampan = shlex.join([*SAMPAN, "dns"])
    place = shlex.join(["--data-dir", str(cluster.data_dir)])
    script = f"""
        mount --bind {own} /etc/resolv.conf
        {sampan} install {place} >&2
        getent ahostsv4 web.{kubectl.namespace}.svc.cluster.local
        {sampan} uninstall {place} >&2
    """
    done = subprocess.run(["unshare", "-m", "sh", "-ec", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == kubectl("get service web -o jsonpath={.spec.clusterIP}")
    assert own.read_text() == before


def test_a_pods_own_words_about_dns_are_kept(kubectl: Kubectl, images: Images) -> None:
    config = {"nameservers": ["192.0.2.53"], "searches": ["a.test"], "options": [{"name": "ndots", "value": "2"}]}
    kubectl.apply(
        pod("own", images.shell.container("c", command=["sleep", "3600"]), dnsPolicy="None", dnsConfig=config)
    )
    kubectl("wait --for=condition=Ready pod/own --timeout=60s")
    said = kubectl("exec own -- cat /etc/resolv.conf")
    assert {"nameserver 192.0.2.53", "search a.test", "options ndots:2"} <= set(said.strip().splitlines())
