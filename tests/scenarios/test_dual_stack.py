"""A cluster of IPv4 and IPv6: a Service asked in both families, by the host and by a pod; and what is left of it after."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from functools import partial
from ipaddress import IPv6Network
from pathlib import Path

import pytest

from sampan.core.contracts.runtime import Capabilities
from sampan.core.host.capabilities import has_ipv6
from sampan.core.ip import host_port
from tests.scenarios.test_nothing_left import left
from tests.support.cluster import Cluster
from tests.support.http import FAILURES, fetch
from tests.support.images import images_for, load_images
from tests.support.kubectl import Kubectl
from tests.support.manifests import Manifest, pod, service
from tests.support.needs import needs
from tests.support.wait import eventually

pytestmark = [
    pytest.mark.needs("network"),
    needs(has_ipv6(), "the host has no IPv6"),
    needs(os.geteuid() == 0, "without root there are no service addresses of IPv6"),
]

ASK = """
import socket, sys, urllib.request
for host in sys.argv[1:]:
    name, _, family = host.partition("/")
    if family:
        name = socket.getaddrinfo(name, 80, getattr(socket, family))[0][4][0]
    url = f"http://[{name}]" if ":" in name else f"http://{name}"
    print(urllib.request.urlopen(url, timeout=5).read().decode().strip())
"""
PAGE = "echo ahoy >/tmp/index.html && exec python3 -m http.server -b :: -d /tmp 8000"


@pytest.fixture
def ranges() -> dict[str, str]:
    """Nobody's; what names them after the end is this cluster's."""
    third = secrets.randbelow(256)
    return {
        "--service-cidr": f"10.235.{third}.0/24,fd00:10:235:{third:x}::/112",
        "--pod-cidr": f"10.236.{third}.0/24,fd00:10:236:{third:x}::/64",
    }


@pytest.fixture
def dual(runtime: str, tmp_path: Path, capabilities: Capabilities, ranges: dict[str, str]) -> Iterator[Cluster]:
    cluster = Cluster(runtime, tmp_path / "cluster", options=tuple(word for pair in ranges.items() for word in pair))
    try:
        cluster.up()
        load_images(cluster, capabilities, ("python",))
        yield cluster
    finally:
        cluster.down()


def test_a_service_is_asked_in_both_families(
    dual: Cluster, runtime: str, capabilities: Capabilities, ranges: dict[str, str]
) -> None:
    kubectl: Kubectl = dual.kubectl("default")
    python = images_for(runtime, capabilities).python
    web: Manifest = service("web", 80, target=8000)
    web["spec"] |= {"type": "NodePort", "ipFamilyPolicy": "RequireDualStack"}
    eventually(lambda: kubectl.run("get serviceaccount default").code == 0, "pods may be made")
    kubectl.apply(
        pod("web", python.container("c", command=["sh", "-c", PAGE])),
        pod("asker", python.container("c", command=["python3", "-c", "import time; time.sleep(1000)"])),
        web,
    )
    kubectl("wait --for=condition=Ready pod --all --timeout=60s")
    pods = kubectl("get pod web -o jsonpath={.status.podIPs[*].ip}").split()
    addresses = kubectl("get service web -o jsonpath={.spec.clusterIPs[*]}").split()
    node_port = int(kubectl("get service web -o jsonpath={.spec.ports[0].nodePort}"))
    assert [":" in each for each in (*pods, *addresses)] == [False, True] * 2

    places = [(ip, 8000) for ip in pods] + [(ip, 80) for ip in addresses]
    places += [(ip, node_port) for ip in ("127.0.0.1", "::1")]
    for ip, port in places:
        ask = partial(fetch, f"http://{host_port(ip, port)}")
        assert eventually(ask, f"{ip} answers", but=FAILURES).strip() == "ahoy"
    name = "web.default.svc.cluster.local"
    said = kubectl("exec asker -- python3 -c", ASK, *addresses, f"{name}/AF_INET", f"{name}/AF_INET6")
    assert said.split() == ["ahoy"] * 4
    # What asks itself comes back to it.
    assert kubectl("exec web -- python3 -c", ASK, *addresses).split() == ["ahoy"] * 2

    kubectl("patch service web -p", '{"spec": {"ipFamilyPolicy": "SingleStack"}}')
    eventually(lambda: not answers(addresses[1]), "the second address is given back")
    assert answers(addresses[0])

    needles = needles_of(ranges)
    assert left(*needles), "what is looked for can be found"
    dual.down()
    assert left(*needles) == []


def answers(ip: str) -> bool:
    try:
        return fetch(f"http://{host_port(ip, 80)}", timeout=1).strip() == "ahoy"
    except FAILURES:
        return False


def needles_of(ranges: dict[str, str]) -> list[str]:
    """How the ranges of IPv6 begin, as programs write them and as the kernel does."""
    networks = [IPv6Network(each.partition(",")[2]) for each in ranges.values()]
    return [words for each in networks for words in (str(each).partition("::")[0] + ":", each.exploded[:19] + ":")]
