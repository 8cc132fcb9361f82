"""NetworkPolicies between real pods: closed, opened for some, and open again."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.plugins.policies.nftables import unavailable
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import Manifest, pod
from tests.support.needs import needs
from tests.support.wait import eventually

pytestmark = [
    pytest.mark.needs("network"),
    needs(unavailable() is None, str(unavailable())),
]

ASK = "import sys, urllib.request as r; r.urlopen(f'http://{sys.argv[1]}:9000', timeout=1)"


def policy(**spec: Any) -> Manifest:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "guard"},
            "spec": {"podSelector": {"matchLabels": {"app": "server"}}, **spec}}  # fmt: skip


def test_a_policy_decides_who_reaches_a_pod(kubectl: Kubectl, images: Images) -> None:
    serve = images.python.container(
        "c", command=["python3", "-m", "http.server", "9000"],
        readinessProbe={"tcpSocket": {"port": 9000}, "periodSeconds": 1},
    )  # fmt: skip
    idle = images.python.container("c", command=["sleep", "3600"])
    kubectl.apply(pod("server", serve), pod("friend", idle), pod("stranger", idle))
    kubectl("wait --for=condition=Ready pod --all --timeout=60s")
    address = kubectl("get pod server -o jsonpath={.status.podIP}")

    def reach() -> set[str]:
        asked = {
            name: kubectl.run("exec", name, "--", "python3", "-c", ASK, address) for name in ("friend", "stranger")
        }
        return {name for name, done in asked.items() if done.code == 0}

    assert reach() == {"friend", "stranger"}
    kubectl.apply(policy(policyTypes=["Ingress"]))
    eventually(lambda: reach() == set(), "nobody reaches it")
    kubectl.apply(policy(ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "friend"}}}],
                                   "ports": [{"port": 9000}]}]))  # fmt: skip
    eventually(lambda: reach() == {"friend"}, "its friend does")
    kubectl("wait --for=condition=Ready pod/server --timeout=5s")  # its own host's probes pass
    kubectl("delete networkpolicy guard")
    eventually(lambda: reach() == {"friend", "stranger"}, "all do again")
