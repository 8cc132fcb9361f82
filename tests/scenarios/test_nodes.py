"""Several nodes of one cluster on one machine: two beside the control plane, and one in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.core.contracts.runtime import Capabilities
from sampan.plugins.policies.nftables import unavailable
from tests.support.cluster import Cluster, run_sampan
from tests.support.forward import forward
from tests.support.images import images_for
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod
from tests.support.wait import eventually

SERVER = ["python3", "-u", "-m", "http.server", "8000"]


@pytest.fixture
def two_nodes(runtime: str, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(runtime, tmp_path / "cluster", options=("--nodes", "2", "--node-name", "one"))
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.down()


@pytest.fixture
def third(two_nodes: Cluster, tmp_path: Path) -> Iterator[Path]:
    """The folder of a node that has joined over HTTPS."""
    folder = tmp_path / "third"
    place = ("--data-dir", str(folder))
    joined = run_sampan(
        "node", "join", "three", "-d", *place, "--runtime", two_nodes.runtime, "--kubeconfig", str(two_nodes.kubeconfig)
    )
    try:
        assert joined.code == 0, joined.output
        yield folder
    finally:
        run_sampan("down", "--purge", *place, "--kubeconfig", str(two_nodes.kubeconfig))


def ready_nodes(kubectl: Kubectl) -> set[str]:
    return {line.split()[0] for line in kubectl("get nodes --no-headers").splitlines() if " Ready " in line}


@pytest.mark.needs("network")
def test_pods_of_all_nodes_reach_each_other(two_nodes: Cluster, third: Path, capabilities: Capabilities) -> None:
    kubectl = two_nodes.kubectl("default")
    assert ready_nodes(kubectl) == {"one", "one-2", "three"}
    image = "host" if two_nodes.runtime == "process" else images_for(two_nodes.runtime, capabilities).python.image
    ready = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}
    server = {
        "name": "c", "image": image, "imagePullPolicy": "IfNotPresent", "command": SERVER, "readinessProbe": ready,
    }  # fmt: skip
    for node in ("one", "one-2", "three"):
        kubectl.apply(pod(f"on-{node}", server, nodeName=node))
    kubectl("wait --for=condition=Ready pod --all --timeout=30s")

    addresses = kubectl("get pods -o jsonpath={.items[*].status.podIP}").split()
    assert len(set(addresses)) == 3
    ask = "import sys, urllib.request as r; [r.urlopen(f'http://{ip}:8000', timeout=5) for ip in sys.argv[1:]]"
    for node in ("one", "one-2", "three"):
        kubectl("exec", f"on-{node}", "--", "python3", "-c", ask, *addresses)
    assert kubectl.run("exec on-three -- sh -c", "exit 42").code == 42
    assert kubectl("logs on-three").count("GET / HTTP") == 3
    with forward(kubectl, "pod/on-three", 8000) as forwarded, forwarded.client() as client:
        assert client.get("/").status_code == 200
    eventually(lambda: "three" in kubectl.run("top nodes").stdout, "its load is known")
    if unavailable() is None:
        _a_policy_holds_on_every_node(kubectl, ask)

    stopped = run_sampan("stop", "--data-dir", str(third))
    assert stopped.code == 0, stopped.output
    again = run_sampan("node", "join", "-d", "--data-dir", str(third))
    assert again.code == 0, again.output
    status = eventually(
        lambda: kubectl("get pod on-three -o jsonpath={.status.phase},{.status.containerStatuses[0].restartCount}"),
        "the pod is known",
    )
    assert status == "Running,0", "its pods went on meanwhile"
    eventually(lambda: kubectl.run("exec on-three -- true").code == 0, "and are reached again")


def _a_policy_holds_on_every_node(kubectl: Kubectl, ask: str) -> None:
    """Whoever runs the pod, and whoever asks it: `on-one-2` is let in to both others, and nobody else is."""
    asked, friend = ("on-one", "on-three"), "on-one-2"
    address = {name: kubectl(f"get pod {name} -o jsonpath={{.status.podIP}}") for name in asked}

    def reached() -> set[tuple[str, str]]:
        """(who asks, whom)"""
        pairs = [(one, other) for other in asked for one in (*asked, friend) if one != other]
        tried = {
            (one, other): kubectl.run("exec", one, "--", "python3", "-c", ask, address[other]) for one, other in pairs
        }
        return {pair for pair, done in tried.items() if done.code == 0}

    ask = ask.replace("timeout=5", "timeout=1")
    closed = {"matchExpressions": [{"key": "app", "operator": "In", "values": list(asked)}]}
    opening = {"from": [{"podSelector": {"matchLabels": {"app": friend}}}]}
    kubectl.apply(
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "guard"},
         "spec": {"podSelector": closed, "ingress": [opening]}}
    )  # fmt: skip
    eventually(lambda: reached() == {(friend, other) for other in asked}, "the policy holds on both")
    kubectl("delete networkpolicy guard")
    eventually(lambda: len(reached()) == 4, "all do again")


@pytest.mark.runtimes("simulated")
def test_simulated_nodes_join_too(two_nodes: Cluster, third: Path) -> None:
    kubectl = two_nodes.kubectl("default")
    assert ready_nodes(kubectl) == {"one", "one-2", "three"}
    kubectl.apply(pod("p", {"name": "c", "image": "nginx"}, nodeName="three"))
    kubectl("wait --for=condition=Ready pod/p --timeout=20s")
    taken = run_sampan(
        "node", "join", "three", "--data-dir", str(third.parent / "other"), "--runtime", "simulated",
        "--kubeconfig", str(two_nodes.kubeconfig),
    )  # fmt: skip
    assert taken.code == 1
    assert "has a node 'three' already" in taken.output
