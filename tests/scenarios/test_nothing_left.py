"""What is left on the machine after `sampan down`, also where the control plane was killed, twice: nothing."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sampan.core.contracts.runtime import Capabilities
from sampan.core.host.nft import PATH
from tests.support.cluster import Cluster
from tests.support.http import FAILURES, fetch
from tests.support.images import images_for, load_images
from tests.support.kubectl import Kubectl
from tests.support.manifests import Manifest, pod, service
from tests.support.needs import needs
from tests.support.wait import eventually

pytestmark = [
    pytest.mark.needs("network"),
    needs(os.geteuid() == 0, "without root there is nothing to leave"),
]

SERVICES, PODS = "10.233", "10.234"
"""The first half of addresses that no cluster takes by itself: what names one after the end is this one's."""
STATE = (
    "nft list ruleset",
    "ip -o address",
    "ip -o link",
    "ip route show table all",
    "ip -6 route show table all",
    "ip rule",
    "iptables-save",
    "ip6tables-save",
    "cat /proc/net/nf_conntrack",
    "ls /run/sampan",
    "ps -eo args",
)


@pytest.fixture
def doomed(runtime: str, tmp_path: Path, capabilities: Capabilities) -> Iterator[Cluster]:
    third = secrets.randbelow(256)
    ranges = ("--service-cidr", f"{SERVICES}.{third}.0/24", "--pod-cidr", f"{PODS}.{third}.0/24")
    cluster = Cluster(runtime, tmp_path / "cluster", options=ranges)
    try:
        cluster.up()
        load_images(cluster, capabilities, ("python",))
        yield cluster
    finally:
        cluster.down()


def left(*needles: str) -> list[str]:
    """Lines about the machine's network and processes that name one of these."""
    found = []
    for command in STATE:
        done = subprocess.run(
            command.split(), capture_output=True, text=True, check=False, env={**os.environ, "PATH": PATH}
        )
        lines = done.stdout.splitlines()
        found += [f"{command}: {line.strip()}" for line in lines if any(needle in line for needle in needles)]
    return found


def balanced(name: str, port: int) -> Manifest:
    made = service(name, port, target=8000)
    made["spec"] |= {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    made["spec"]["ports"].append({"name": "udp", "port": port, "protocol": "UDP", "targetPort": 8000})
    made["spec"]["ports"][0]["name"] = "tcp"
    return made


def test_nothing_is_left_after_down(doomed: Cluster, runtime: str, capabilities: Capabilities) -> None:
    kubectl: Kubectl = doomed.kubectl("default")
    serve = images_for(runtime, capabilities).python.container("c", command=["python3", "-m", "http.server", "8000"])
    policy: Manifest = {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "open"},
        "spec": {"podSelector": {}, "ingress": [{}]},
    }  # fmt: skip
    eventually(lambda: kubectl.run("get serviceaccount default").code == 0, "pods may be made")
    kubectl.apply(pod("web", serve, labels={"app": "web"}), balanced("web", 18765), policy)
    kubectl("wait --for=condition=Ready pod/web --timeout=60s")
    address = kubectl("get service web -o jsonpath={.spec.clusterIP}")
    ask = partial(fetch, f"http://{address}:18765")
    eventually(ask, "it answers", but=FAILURES)
    needles = (address.rpartition(".")[0], kubectl("get pod web -o jsonpath={.status.podIP}").rpartition(".")[0])

    doomed.kill()
    doomed.up()
    eventually(ask, "it answers again", but=FAILURES)
    doomed.kill()
    assert left(*needles, str(doomed.data_dir)), "what is looked for can be found"

    doomed.down()
    assert left(*needles, str(doomed.data_dir)) == []
